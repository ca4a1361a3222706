/* tests/inject/faults.c - every call that the library makes fails once: sessions, messages, descriptors, loans, ends; over four
 * loops. */
#include "tests/inject/scenes.h"

int main(void)
{
	return sweep_faults(scenes, scene_count, SCENE_LOOPS);
}
