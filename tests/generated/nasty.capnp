# A schema with everything in it that makes work for a compiler plugin. Its comments too: */ and /* and ??/ and \
@0xd6a3c81f5b2e4970;

using Rill = import "/rill/rill.capnp";
using Other = import "nasty_other.capnp";
using Elsewhere = Other.Elsewhere;

$Rill.prefix("nasty_");

annotation mark @0xe1f2a3b4c5d60718 (*) :Text;
$mark("a file's own annotation");

enum Color {
  # A colour. */ int broken; /*
  red @0;
  # The first. \
  green @1;
  darkBlue @2;
  class @3;
  default @4 $Rill.name("usual");
}

struct Empty {}

struct OnlyData { value @0 :UInt8; }

struct OnlyPointer { text @0 :Text; }

struct Scalars {
  # Every scalar, without and with a default.
  nothing @0 :Void;
  flag @1 :Bool;
  i8 @2 :Int8;
  i16 @3 :Int16;
  i32 @4 :Int32;
  i64 @5 :Int64;
  u8 @6 :UInt8;
  u16 @7 :UInt16;
  u32 @8 :UInt32;
  u64 @9 :UInt64;
  f32 @10 :Float32;
  f64 @11 :Float64;
  color @12 :Color;
  dFlag @13 :Bool = true;
  dI8 @14 :Int8 = -128;
  dI16 @15 :Int16 = -32768;
  dI32 @16 :Int32 = -2147483648;
  dI64 @17 :Int64 = -9223372036854775808;
  dU8 @18 :UInt8 = 255;
  dU16 @19 :UInt16 = 65535;
  dU32 @20 :UInt32 = 4294967295;
  dU64 @21 :UInt64 = 18446744073709551615;
  dF32 @22 :Float32 = -1.5e30;
  dF64 @23 :Float64 = 1.0e-300;
  dInf @24 :Float32 = inf;
  dMinus @25 :Float64 = -inf;
  dNan @26 :Float64 = nan;
  dColor @27 :Color = darkBlue;
  manyFlags :group {
    a @28 :Bool; b @29 :Bool = true; c @30 :Bool; d @31 :Bool = true;
    e @32 :Bool; f @33 :Bool = true; g @34 :Bool; h @35 :Bool = true;
  }
}

struct Pointers {
  # Every pointer, with a default.
  text @0 :Text = "a \"text\"\n with \x7f and ü";
  data @1 :Data = 0x"00 01 fe ff";
  inner @2 :Scalars = (i32 = 5, dFlag = false, f64 = 0.5, manyFlags = (a = true));
  voids @3 :List(Void) = [void, void, void];
  flags @4 :List(Bool) = [true, false, true, true, false, false, false, true, true];
  i8s @5 :List(Int8) = [-1, 2];
  i16s @6 :List(Int16) = [-1, 2, 3];
  i32s @7 :List(Int32) = [-1, 2];
  i64s @8 :List(Int64) = [-1, 2];
  u8s @9 :List(UInt8) = [255, 2];
  u16s @10 :List(UInt16) = [65535, 2];
  u32s @11 :List(UInt32) = [4294967295, 2];
  u64s @12 :List(UInt64) = [18446744073709551615, 2];
  f32s @13 :List(Float32) = [1.5, -inf];
  f64s @14 :List(Float64) = [1.5, inf];
  colors @15 :List(Color) = [green, class];
  texts @16 :List(Text) = ["a", "", "bc"];
  datas @17 :List(Data) = [0x"01", "", 0x"02 03"];
  inners @18 :List(Pair) = [(x = 1, y = "one"), (), (y = "three")];
  empties @19 :List(Empty) = [(), ()];
  lists @20 :List(List(Int16)) = [[1, 2], [], [3]];
  deep @21 :List(List(List(Text))) = [[["a"], []], [], [["b", "c"]]];
  structLists @22 :List(List(Pair)) = [[(x = 1)], [(x = 2), (x = 3)]];
  colorLists @23 :List(List(Color)) = [[red], [darkBlue, green]];
  recursive @24 :Pointers = (text = "inner", inner = (i8 = 1));
  empty @25 :Empty = ();
  emptyText @26 :Text = "";
  emptyList @27 :List(Int32) = [];
}

struct Pair { x @0 :Int32; y @1 :Text; }

struct Plain {
  # The same pointers, without.
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
  datas @10 :List(Data);
  inners @11 :List(Pair);
  empties @12 :List(Empty);
  lists @13 :List(List(Int16));
  deep @14 :List(List(List(Text)));
  structLists @15 :List(List(Pair));
  recursive @16 :Plain;
  plains @17 :List(Plain);
  elsewhere @18 :Elsewhere;
  far @19 :List(Other.Elsewhere.Nested);
  kind @20 :Other.Elsewhere.Kind = second;
  nearer @21 :Other.Alias;
}

struct Unions {
  # Named ones and an unnamed one, their members interleaved; groups in them, unions in those.
  before @0 :UInt16;
  first :union {
    a @1 :Int8;
    b @5 :Text;
    c @9 :UInt64;
    none @12 :Void;
  }
  second :union {
    a @2 :Text;
    b @4 :Bool = true;
    pair @8 :Pair;
    list @13 :List(Pair);
    group :group {
      x @6 :Int32 = 77;
      y @7 :Text = "group";
      inner :union {
        left @10 :UInt8;
        right :group { flag @11 :Bool; more @14 :Data; }
      }
    }
  }
  between @3 :Color = green;
  union {
    plain @15 :Void;
    number @16 :Float64 = 2.5;
    other :group {
      p @17 :Text;
      q @18 :UInt16 = 9;
    }
    any @19 :AnyPointer;
    service @20 :Service;
    word @21 :Text = "none";
  }
  after @22 :Text;
}

struct Late {
  # Becomes a union after there were fields; the union's tag comes late.
  a @0 :UInt32;
  b @1 :Text;
  union {
    c @2 :UInt8;
    d @5 :List(UInt8);
  }
  e @3 :UInt64;
  f @4 :Bool;
}

struct Box(T) {
  value @0 :T;
  inner @1 :Inner;
  list @2 :List(Text);
  struct Inner { twice @0 :T; both @1 :Pairs(T, Text); }
}

struct Pairs(A, B) { a @0 :A; b @1 :B; }

struct Generics {
  text @0 :Box(Text);
  boxed @1 :Box(Box(Pair));
  unbound @2 :Box;
  any @3 :AnyPointer;
  anyStruct @4 :AnyStruct;
  anyList @5 :AnyList;
  capability @6 :Capability;
  inner @7 :Box(Data).Inner;
  services @8 :List(Service);
  texts @9 :Box(List(Text)) = (value = ["default"]);
}

interface Service {
  # What it does.
  call @0 (x :Int32, y :Text = "why") -> (result :Pair, more :List(Color));
  # The first. */
  default @1 Pair -> Empty;
  delete @2 ();
  generic @3 [T] (box :Box(T)) -> (value :T);
}

interface Better extends(Service) {
  call @0 () -> ();
}

struct Class {
  # Nothing in here may be called in C or C++ as it is here.
  int @0 :Int32;
  class @1 :Text;
  new @2 :Bool;
  delete @3 :List(Int32);
  template @4 :Operator;
  struct Operator { this @0 :UInt8; }
  private :group { public @5 :UInt16; }
  union { if @6 :Void; else @7 :Int8; }
  enum Switch { case @0; default @1; while @2; }
  switch @8 :Switch = while;
  null @9 :Text;
  s @10 :Text;
  b @11 :Text;
  v @12 :Text;
  r @13 :Pair;
  l @14 :List(Pair);
  ret @15 :Text;
  value @16 :UInt32;
  from @17 :Pair;
  len @18 :Data;
  count @19 :List(Pair);
}

struct Int { struct Struct { union @0 :Text; } x @0 :Struct; }

struct Clash {
  # Group and struct of one name, fields that become one, names that we give ourselves.
  list :group { a @0 :Int8; }
  builder :group { b @1 :Int8; }
  which @2 :Int8;
  fooBar @3 :Text;
  fooBAR @4 :Data;
  getFoo @5 :Int8;
  foo @6 :Text;
  fooLen @7 :Text;
  setFoo @8 :Text;
  root @9 :Text;
  struct Foo { get @0 :Int8; }
  struct Get { foo @0 :Text; }
  struct List $Rill.name("listed") { x @0 :Int8; }
  struct NewRoot $Rill.name("fresh") {}
  const of :Text = "of" $Rill.name("of_text");
  const typeId :UInt64 = 1 $Rill.name("my_type_id");
  union { left @10 :Int8; right @11 :Int8; }
  enum Which $Rill.name("which_side") { left @0; }
}
struct ClashFoo $Rill.name("foo_clash") { get @0 :Int8; bar @1 :Text; }
struct ClashList $Rill.name("list_clash") { y @0 :Int8; }
struct ClashBuilder $Rill.name("builder_clash") { y @0 :Int8; }

struct Renamed $Rill.name("called_so") {
  field @0 :Int32 $Rill.name("member");
  group :group $Rill.name("part") { x @1 :Int8; }
}

struct Nested { struct In { struct To { struct The { struct Depth { here @0 :Text; enum Too { deep @0; } too @1 :Too; } } } } }

const cVoid :Void = void;
const cBool :Bool = true;
const cI8 :Int8 = -128;
const cI16 :Int16 = -32768;
const cI32 :Int32 = -2147483648;
const cI64 :Int64 = -9223372036854775808;
const cU8 :UInt8 = 255;
const cU16 :UInt16 = 65535;
const cU32 :UInt32 = 4294967295;
const cU64 :UInt64 = 18446744073709551615;
const cF32 :Float32 = 0.1;
const cF64 :Float64 = -0.1;
const cInf :Float64 = inf;
const cNan :Float32 = nan;
const cColor :Color = class;
const cText :Text = "a constant";
const cData :Data = 0x"00 ff";
const cPair :Pair = (x = 3, y = .cText);
const cPairs :List(Pair) = [.cPair, (x = 4)];
const cLists :List(List(Int32)) = [[1], [2, 3]];
const eof :Int32 = -1;
