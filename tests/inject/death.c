/* tests/inject/death.c - one side killed or stopped at every call: sessions, messages, descriptors, loans, ends. */
#include "tests/inject/scenes.h"

int main(void)
{
	return strike_scenes(scenes, scene_count);
}
