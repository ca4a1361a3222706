@0xc5f0a3d1b7e29846;

enum Kind { home @0; work @1; }

struct Phone {
  number @0 :Text;
  kind @1 :Kind;
}

struct Person {
  id @0 :UInt32;
  name @1 :Text;
  phones @2 :List(Phone);
  marks @3 :List(Int32);
  union {
    unknown @4 :Void;
    email @5 :Text;
    office :group { floor @6 :Int16; room @7 :UInt16 = 1; }
  }
}
