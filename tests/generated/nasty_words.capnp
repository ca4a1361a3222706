# Without a prefix: what C, its libraries and Rill have taken.
@0xd3b0a4f1c7e82695;

struct Rill {
  # Does one really ask ??/
  # what ‮ turns ⁧ text, or ??? and ????/ *//*/
  text @0 :Text;
  # what is ??/
  list @1 :List(Rill);
}
enum Size { min @0; max @1; }
enum Int8 { min @0; max @1; c @2; }
enum Uint64 { c @0; max @1; }
enum IntLeast16 { min @0; other @1; }
enum Ptrdiff { max @0; }
enum Little { endian @0; }
enum None {}
const int64Max :Int32 = 3;
const einval :Int32 = 4;
const sizeMin :Int32 = 5;

const log :Text = "log";
const logf :Text = "logf";
const exp :Data = "exp";
const printf :Text = "printf";
const strlen :List(Int32) = [1];
const index :Text = "index";
const memcpy :Rill = (text = "memcpy");
const be16toh :Text = "toh";
const sizeof :Text = "sizeof";
const offT :Text = "off_t";
const fabs :Float64 = 1.5;
const logical :Text = "logical";

struct SizeT { x @0 :Int8T; other @1 :List(Uint32T); }
struct Int8T { x @0 :Text; }
struct Off { t :group { x @0 :Int8; } }
enum Uint32T { x @0; }
struct Timespec { x @0 :Int8; }
struct Timeval { x @0 :Int8; }
struct Index { x @0 :Timespec; }
struct Printf { x @0 :Index; }

struct Hidden {
  x @0 :Text = "d";
  const xDefaultWords :Text = "e";
  const xDefault :Text = "f";
}
