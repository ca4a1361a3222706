@0xd2a54ab5c02ac3f4;
# What the address book's client and server say to each other.

using Rill = import "/rill/rill.capnp";
$Rill.prefix("book_");

struct Person {
  id @0 :UInt32;      # the server's to choose
  name @1 :Text;
  email @2 :Text;
  phones @3 :List(Phone);

  struct Phone {
    number @0 :Text;
    kind @1 :Kind;
  }
  enum Kind {
    mobile @0;
    home @1;
    work @2;
  }
}

struct Added {
  id @0 :UInt32;
}

struct Query {
  name @0 :Text;      # how it begins
}

struct People {
  people @0 :List(Person);
}

# The types of requests.
const add :UInt16 = 1;   # Person -> Added
const find :UInt16 = 2;  # Query -> People
