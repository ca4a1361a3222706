/* tests/inject/service_death.c - the same of what is built on sessions, and of what options change. */
#include "tests/inject/scenes.h"

int main(void)
{
	return strike_scenes(services, service_count);
}
