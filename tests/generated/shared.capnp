# Compiled for C and for C++, and used by both in one program.
@0x8d5e2b7f4c1a9603;

using Rill = import "/rill/rill.capnp";
using Cxx = import "/capnp/c++.capnp";

$Rill.prefix("shared_");
$Cxx.namespace("shared");

enum Color { red @0; green @1; default @2 $Rill.name("usual"); }

struct Empty {}

struct Pair { x @0 :Int32; y @1 :Text; }

struct Scalars {
  i32 @0 :Int32 = 7;
  flag @1 :Bool = true;
  group :group { a @2 :Bool = true; b @3 :Bool = true; }
}

struct Plain {
  text @0 :Text;
  data @1 :Data;
  inner @2 :Scalars;
  voids @3 :List(Void);
  flags @4 :List(Bool);
  i16s @5 :List(Int16);
  u64s @6 :List(UInt64);
  f32s @7 :List(Float32);
  colors @8 :List(Color);
  texts @9 :List(Text);
  inners @10 :List(Pair);
  empties @11 :List(Empty);
  lists @12 :List(List(Int16));
  deep @13 :List(List(List(Text)));
  recursive @14 :Plain;
  union { none @15 :Void; number @16 :Float64; pair @17 :Pair; }
  color @18 :Color = green;
}
