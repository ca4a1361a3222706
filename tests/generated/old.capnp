# A schema in two versions: the older one.
@0x8b2d4f6a1c3e5709;
using Rill = import "/rill/rill.capnp";
$Rill.prefix("old_");

enum Level { low @0; high @1; }

struct Root {
  number @0 :UInt32 = 7;
  values @1 :List(UInt32);
  names @2 :List(Text);
  items @3 :List(Item);
  level @4 :Level;
  union { none @5 :Void; text @6 :Text; }
}

struct Item { id @0 :UInt16; }
