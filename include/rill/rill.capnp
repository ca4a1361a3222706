# rill/rill.capnp - what a schema may say to capnpc-rill about its names in C. See docs/schema-guide.md.
#
#   using Rill = import "/rill/rill.capnp";
#   $Rill.prefix("shop_");

@0xb1dbce789596fff5;

annotation prefix @0x8f9239f6bb2fb86a (file) :Text;
# Put before the name of all that the file declares.

annotation name @0xfc5affec120f5e11 (struct, enum, interface, const, annotation, field, union, group, enumerant, method) :Text;
# The name in C instead of the one that is made from the schema's. What is nested still has the outer name before it.
