/* adapters/jemalloc/stubs.c - what the private jemalloc gets where it asks for something of the host's.
 *
 * The build points its calls here (Makefile, jemalloc_stubs). No configuration is found; and what our options keep it from
 * doing anyway it cannot do: start a thread, register for exit or fork, walk the stack.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

char *rill_je_secure_getenv(const char *name);
ssize_t rill_je_readlink(const char *path, char *text, size_t size);
int rill_je_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *user);
int rill_je_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int rill_je_atexit(void (*run)(void));
void *rill_je_dlsym(void *library, const char *name);
int rill_je_backtrace(void *step, void *user);
void *rill_je_ip(void *frame);

char *rill_je_secure_getenv(const char *name)
{
	(void)name;
	return NULL;
}

ssize_t rill_je_readlink(const char *path, char *text, size_t size)
{
	(void)path, (void)text, (void)size;
	errno = ENOENT;
	return -1;
}

int rill_je_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *user)
{
	(void)thread, (void)attr, (void)run, (void)user;
	return EAGAIN;
}

int rill_je_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	(void)prepare, (void)parent, (void)child;
	return 0;
}

int rill_je_atexit(void (*run)(void))
{
	(void)run;
	return 0;
}

void *rill_je_dlsym(void *library, const char *name)
{
	(void)library, (void)name;
	return NULL;
}

int rill_je_backtrace(void *step, void *user)
{
	(void)step, (void)user;
	return 0;
}

void *rill_je_ip(void *frame)
{
	(void)frame;
	return NULL;
}
