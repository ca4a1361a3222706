@0x9f1c5d3b7a2e8064;
struct Thing { name @0 :Text = "thing"; }
