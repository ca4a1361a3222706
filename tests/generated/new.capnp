# The newer one: fields at the ends, plain lists become lists of structs, more enumerants, more members in the union.
@0xa19c7e5d3b1f2846;
using Rill = import "/rill/rill.capnp";
$Rill.prefix("new_");

enum Level { low @0; high @1; highest @2; }

struct Root {
  number @0 :UInt32 = 7;
  values @1 :List(Value);
  names @2 :List(Name);
  items @3 :List(Item);
  level @4 :Level;
  union { none @5 :Void; text @6 :Text; pair @7 :Item; }
  more @8 :UInt64 = 99;
  last @9 :Text = "last";
}

struct Value { value @0 :UInt32; unit @1 :Text; }
struct Name { name @0 :Text; count @1 :UInt32 = 1; }
struct Item { id @0 :UInt16; weight @1 :Float64; label @2 :Text; }
