# Imports the file that imports it.
@0xc4d7e2a9135f6b08;

using Nasty = import "nasty.capnp";
using Third = import "/tests/generated/nasty_third.capnp";
using Alias = Third.Thing;

struct Elsewhere {
  pair @0 :Nasty.Pair;
  color @1 :Nasty.Color = green;
  struct Nested { back @0 :Nasty.Plain; fallback @1 :Nasty.Pair = (x = 8); }
  enum Kind { first @0; second @1; }
}
