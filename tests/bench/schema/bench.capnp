# What the benchmark of structured messages sends: a document of items.
@0xe4b7d92c6a15f380;

struct Item {
  id @0 :UInt64;
  count @1 :UInt32;
  weight @2 :Float64;
  flags @3 :UInt16;
  name @4 :Text;
}

struct Document {
  version @0 :UInt32;
  items @1 :List(Item);
}
