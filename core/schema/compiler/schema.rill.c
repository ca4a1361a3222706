/* Made by capnpc-rill from schema.capnp: do not edit. */
/* clang-format off */
#include "schema.rill.h"

const char *element_size_name(enum element_size value)
{
	switch ((unsigned)value) {
	case 0:
		return "empty";
	case 1:
		return "bit";
	case 2:
		return "byte";
	case 3:
		return "twoBytes";
	case 4:
		return "fourBytes";
	case 5:
		return "eightBytes";
	case 6:
		return "pointer";
	case 7:
		return "inlineComposite";
	default:
		return NULL;
	}
}

