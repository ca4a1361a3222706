/* tests/bench/peers/iceoryx.c - iceoryx 2 by its C binding: a publisher and a subscriber each way, chunks in shared memory
 * that its daemon owns. Spinning it takes chunks in a loop, asleep it waits in a WaitSet; a full queue blocks the sender. */
#include "tests/bench/ends.h"
#include "tests/bench/peer.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iceoryx_binding_c/enums.h>
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/types.h>
#include <iceoryx_binding_c/wait_set.h>

/* ---- The daemon ------------------------------------------------------------------------------------------------- */

/* Chunks of each size; what the measures have under way, and no more: the daemon takes all of it at once. The largest are
 * for the full form. */
static const char pools[] = "[general]\nversion = 1\n\n[[segment]]\n"
			    "\n[[segment.mempool]]\nsize = 128\ncount = 4096\n"
			    "\n[[segment.mempool]]\nsize = 1152\ncount = 2048\n"
			    "\n[[segment.mempool]]\nsize = 4224\ncount = 1024\n"
			    "\n[[segment.mempool]]\nsize = 65664\ncount = 512\n"
			    "\n[[segment.mempool]]\nsize = 1048704\ncount = 64\n"
			    "\n[[segment.mempool]]\nsize = 16777344\ncount = 12\n";
static const char largest_pool[] = "\n[[segment.mempool]]\nsize = 268435584\ncount = 5\n";

#define LARGEST (256u << 20)
#define FOR_LARGEST (3ull << 30) /* bytes that must be free in /dev/shm */

static pid_t daemon_pid;
static char config[64];

static const char *word_of(const char *name)
{
	const char *word = getenv(name);

	return word ? word : "";
}

static int write_config(void)
{
	struct statfs shm;
	FILE *f;

	snprintf(config, sizeof(config), "/tmp/rill-bench-iox-%d.toml", (int)getpid());
	f = fopen(config, "w");
	if (!f)
		return -errno;
	fputs(pools, f);
	if (!*word_of("QUICK") && !*word_of("SMOKE") && statfs("/dev/shm", &shm) == 0 &&
	    (uint64_t)shm.f_bavail * (uint64_t)shm.f_bsize >= FOR_LARGEST)
		fputs(largest_pool, f);
	return fclose(f) ? -EIO : 0;
}

static void become_daemon(void)
{
	int null = open("/dev/null", 2);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execlp("iox-roudi", "iox-roudi", "-c", config, "-l", "off", (char *)NULL);
	_exit(127);
}

/* It is ready when its socket is there. */
int peer_begin(void)
{
	int error = write_config();

	if (error)
		return error;
	daemon_pid = fork();
	if (daemon_pid == 0)
		become_daemon();
	for (int i = 0; i < 800; i++) {
		clock_idle(50000000);
		if (waitpid(daemon_pid, NULL, WNOHANG) != 0)
			break; /* one runs already, and serves as well */
		if (access("/tmp/roudi", F_OK) == 0 && i >= 20)
			return 0;
	}
	daemon_pid = access("/tmp/roudi", F_OK) == 0 ? 0 : -1;
	return daemon_pid;
}

static void remove_all(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
}

/* It and its clients leave sockets and locks behind. */
void peer_end(void)
{
	char mine[64];

	snprintf(mine, sizeof(mine), "/tmp/rill-bench-iox-%d*", (int)getpid());
	remove_all(mine);
	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	remove_all("/tmp/roudi*");
	remove_all("/tmp/iox-unique-roudi.lock");
}

/* ---- The sides -------------------------------------------------------------------------------------------------- */

struct held {
	iox_pub_storage_t pub_memory;
	iox_sub_storage_t sub_memory;
	iox_ws_storage_t ws_memory;
	iox_pub_t pub;
	iox_sub_t sub;
	iox_ws_t ws;
	void *room;
	const void *taken;
};

/* Ports of their own for each run: the daemon forgets those of the last one in its own time. */
static int prepare(struct run *r)
{
	static unsigned number;
	int error = run_share(r, 4096);

	if (error == 0)
		snprintf((char *)r->shared, 4096, "%d-%u", (int)getpid(), number++);
	return error;
}

static int make_ports(struct held *h, const char *run, bool client, uint64_t depth)
{
	iox_pub_options_t pub;
	iox_sub_options_t sub;

	iox_pub_options_init(&pub);
	pub.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
	h->pub = iox_pub_init(&h->pub_memory, "rill-bench", run, client ? "ask" : "answer", &pub);
	iox_sub_options_init(&sub);
	sub.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
	sub.queueCapacity = depth ? depth : 16;
	h->sub = iox_sub_init(&h->sub_memory, "rill-bench", run, client ? "answer" : "ask", &sub);
	return h->pub && h->sub ? 0 : -ENOMEM;
}

/* Until each has found the other. */
static int meet(struct held *h)
{
	for (int i = 0; i < 5000; i++) {
		if (iox_pub_has_subscribers(h->pub) && iox_sub_get_subscription_state(h->sub) == SubscribeState_SUBSCRIBED)
			return 0;
		clock_idle(1000000);
	}
	return -ETIMEDOUT;
}

static int open_iceoryx(struct end *e)
{
	struct held *h = calloc(1, sizeof(*h));
	char name[64];
	int error;

	e->own[0] = h;
	if (!h)
		return -ENOMEM;
	snprintf(name, sizeof(name), "rill-bench-iox-%d-%d", (int)getppid(), (int)getpid());
	iox_set_loglevel(Iceoryx_LogLevel_Off);
	iox_runtime_init(name);
	error = make_ports(h, (const char *)e->run->shared, e->run->role == RUN_CLIENT, e->run->task.depth);
	if (error == 0 && e->run->task.wait == WAIT_SLEEP) {
		h->ws = iox_ws_init(&h->ws_memory);
		if (iox_ws_attach_subscriber_state(h->ws, h->sub, SubscriberState_HAS_DATA, 1, NULL) != WaitSetResult_SUCCESS)
			error = -EIO;
	}
	return error ? error : meet(h);
}

static void close_iceoryx(struct end *e)
{
	struct held *h = e->own[0];

	if (!h)
		return;
	if (h->ws)
		iox_ws_deinit(h->ws);
	if (h->sub)
		iox_sub_deinit(h->sub);
	if (h->pub)
		iox_pub_deinit(h->pub);
	iox_runtime_shutdown();
	free(h);
}

static void *room(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	/* blocking by a full queue comes in publish; chunks are plenty */
	if (iox_pub_loan_chunk(h->pub, &h->room, (uint32_t)len) != AllocationResult_SUCCESS)
		return NULL;
	return h->room;
}

static int say(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	(void)len;
	iox_pub_publish_chunk(h->pub, h->room);
	return 0;
}

static const void *hear(struct end *e, size_t len)
{
	struct held *h = e->own[0];
	iox_notification_info_t info;
	uint64_t missed;

	(void)len;
	while (iox_sub_take_chunk(h->sub, &h->taken) != ChunkReceiveResult_SUCCESS)
		if (h->ws)
			iox_ws_wait(h->ws, &info, 1, &missed);
	return h->taken;
}

static void release(struct end *e, size_t len)
{
	struct held *h = e->own[0];

	(void)len;
	iox_sub_release_chunk(h->sub, h->taken);
}

static const struct end_ops ops = {
	.open = open_iceoryx,
	.close = close_iceoryx,
	.room = room,
	.send = say,
	.recv = hear,
	.release = release,
	.builds = true,
};

END_SIDES(ops)

const struct way WAY(iceoryx) = {
	.key = "iceoryx",
	.name = "iceoryx 2.0.3",
	.kind = KIND_PEER,
	.jobs = JOB_TRIP | JOB_STREAM | JOB_BURST,
	.waits = SPINS | SLEEPS,
	.lends = true,
	.max_bytes = LARGEST,
	.prepare = prepare,
	.client = ask,
	.server = serve,
};
