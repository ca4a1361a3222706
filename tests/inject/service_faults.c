/* tests/inject/service_faults.c - the same of what is built on sessions, and of what options change; over two loops. */
#include "tests/inject/scenes.h"

int main(void)
{
	return sweep_faults(services, service_count, SCENE_POLL);
}
