/* tests/foreign/boost.cpp - containers of Boost and of the standard library in an arena: built by one program, read by another
 * at its own address, and once more in a copy at a third. The program executes itself, so both have addresses of their own. */
#include <rill/memory.hpp>
#include <rill/rill.h>

#include <boost/container/deque.hpp>
#include <boost/container/flat_map.hpp>
#include <boost/container/list.hpp>
#include <boost/container/map.hpp>
#include <boost/container/set.hpp>
#include <boost/container/slist.hpp>
#include <boost/container/string.hpp>
#include <boost/container/vector.hpp>
#include <boost/unordered_map.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bc = boost::container;

static int count; /* tests told */
static int failed;

static void told(bool ok, const char *name)
{
	std::printf("%sok %d - %s\n", ok ? "" : "not ", ++count, name);
	failed += !ok;
}

static void check(int r)
{
	if (r >= 0)
		return;
	std::fprintf(stderr, "# %s\n", std::strerror(-r));
	std::exit(1);
}

/* ---- what is shared ---------------------------------------------------------------------------------------------------- */

template <class T> using alloc = rill::allocator<T>;
using string = bc::basic_string<char, std::char_traits<char>, alloc<char>>;

struct string_hash {
	std::size_t operator()(const string &s) const
	{
		return boost::hash_range(s.begin(), s.end());
	}
};

struct world {
	bc::vector<int, alloc<int>> numbers;
	bc::vector<string, alloc<string>> names; /* short ones, in place, and long ones */
	bc::map<string, double, std::less<string>, alloc<std::pair<const string, double>>> prices;
	bc::set<int, std::less<int>, alloc<int>> primes;
	bc::flat_map<int, int, std::less<int>, alloc<std::pair<int, int>>> squares;
	bc::list<int, alloc<int>> list;
	bc::slist<int, alloc<int>> slist;
	bc::deque<int, alloc<int>> deque;
	boost::unordered_map<string, int, string_hash, std::equal_to<string>, alloc<std::pair<const string, int>>> ids;
	std::vector<int, alloc<int>> standard;
	std::deque<int, alloc<int>> standard_deque;
	rill::rel_ptr<const world> self;
	struct rill_rel c; /* as a C program sees a pointer: at `self` */

	explicit world(const alloc<void *> &a)
	    : numbers(a), names(a), prices(std::less<string>(), a), primes(std::less<int>(), a), squares(std::less<int>(), a),
	      list(a), slist(a), deque(a), ids(8, string_hash(), std::equal_to<string>(), a), standard(a), standard_deque(a),
	      self(this), c()
	{
	}
};

enum { MANY = 500 };

static std::string name_of(int i)
{
	return std::string(static_cast<std::size_t>(i % 40), 'n') + std::to_string(i);
}

static void fill(world *w, struct rill_arena *arena)
{
	alloc<char> a(arena);

	for (int i = 0; i < MANY; i++) {
		string name(name_of(i).c_str(), a);

		w->numbers.push_back(i * i);
		w->names.push_back(name);
		w->prices.emplace(name, i / 2.0);
		w->primes.insert(i * 7);
		w->squares[i] = i * i;
		w->list.push_back(i);
		w->slist.push_front(i);
		w->deque.push_front(i);
		w->ids.emplace(name, i);
		w->standard.push_back(i * i);
		w->standard_deque.push_front(i);
	}
	for (int i = 1; i < MANY; i += 2) { /* and some go again */
		string name(name_of(i).c_str(), a);

		w->prices.erase(name);
		w->primes.erase(i * 7);
		w->ids.erase(name);
	}
	w->list.reverse();
	rill_rel_aim(&w->c, &w->self);
}

/* ---- the reader ---------------------------------------------------------------------------------------------------------- */

/* Keys to look up are strings of the same type: made in an arena of the reader's own. */
static bool keyed(const world &w, struct rill_arena *own)
{
	bool ok = w.prices.size() == MANY / 2 && w.ids.size() == MANY / 2;

	for (int i = 0; ok && i < MANY; i++) {
		string name(name_of(i).c_str(), alloc<char>(own));
		auto price = w.prices.find(name);
		auto id = w.ids.find(name);

		ok = (price != w.prices.end()) == (i % 2 == 0) && (id != w.ids.end()) == (i % 2 == 0);
		if (ok && i % 2 == 0)
			ok = price->second == i / 2.0 && id->second == i;
	}
	return ok;
}

static bool sequences(const world &w)
{
	bool ok = w.numbers.size() == MANY && w.names.size() == MANY && w.standard.size() == MANY && w.list.size() == MANY;
	auto listed = w.list.begin();
	auto single = w.slist.begin();

	for (int i = 0; ok && i < MANY; i++) {
		std::size_t at = static_cast<std::size_t>(i);

		ok = w.numbers[at] == i * i && w.standard[at] == i * i && w.names[at] == name_of(i).c_str() &&
		     w.squares.find(i)->second == i * i && w.standard_deque[at] == MANY - 1 - i &&
		     w.deque[at] == MANY - 1 - i && *listed++ == MANY - 1 - i && *single++ == MANY - 1 - i;
	}
	return ok && listed == w.list.end() && single == w.slist.end();
}

static bool ordered(const world &w)
{
	int expected = 0;

	for (int prime : w.primes) {
		if (prime != expected)
			return false;
		expected += 14;
	}
	return expected == 7 * MANY;
}

static void read_all(const world &w, struct rill_arena *own, const char *where)
{
	const rill::rel_ptr<const world> *self = static_cast<const rill::rel_ptr<const world> *>(rill_rel_target(&w.c));

	told(sequences(w), (std::string("sequences_read_") + where).c_str());
	told(ordered(w), (std::string("a_set_is_in_order_") + where).c_str());
	told(keyed(w, own), (std::string("maps_find_") + where).c_str());
	told(self->get() == &w, (std::string("c_and_cpp_have_the_same_pointers_") + where).c_str());
}

struct reader {
	struct rill_arena *own;
	bool done;
};

static void on_readable(struct rill_channel *ch, void *user)
{
	reader *r = static_cast<reader *>(user);
	struct rill_mapping m = {};
	struct rill_msg msg;
	const void *data;
	std::size_t len;

	if (rill_channel_recv(ch, &msg) < 0)
		return;
	m.size = sizeof(m);
	check(rill_msg_loan(&msg, 0, &data, &len));
	check(rill_msg_mapping(&msg, 0, &m));
	read_all(*static_cast<const world *>(data), r->own, "where_it_was_lent");

	char *copy = static_cast<char *>(std::malloc(m.capacity + 4096));
	char *at = copy + 4096 - (reinterpret_cast<std::uintptr_t>(copy) & 4095);

	std::memcpy(at, m.base, m.capacity);
	read_all(*reinterpret_cast<const world *>(at + (static_cast<const char *>(data) - static_cast<const char *>(m.base))),
	         r->own, "in_a_copy");
	std::free(copy);
	rill_msg_release(&msg);
	r->done = true;
}

static int on_channel(struct rill_session *, struct rill_channel *ch, void *user)
{
	struct rill_channel_events events = {};

	events.size = sizeof(events);
	events.readable = on_readable;
	return rill_channel_set_events(ch, &events, user);
}

static struct rill_arena *small_arena(struct rill_ctx *ctx)
{
	struct rill_arena_options o = {};
	struct rill_arena *arena;

	o.size = sizeof(o);
	o.capacity = 4 << 20;
	check(rill_arena_create(&arena, ctx, &o));
	return arena;
}

static int read_from(int fd)
{
	struct rill_session_events events = {};
	struct rill_session *s;
	struct rill_ctx *ctx;
	reader r = {};

	check(rill_ctx_create(&ctx, nullptr));
	r.own = small_arena(ctx);
	events.size = sizeof(events);
	events.channel = on_channel;
	check(rill_session_adopt(&s, ctx, fd, nullptr, &events, &r));
	while (!r.done)
		check(rill_epoll_wait(ctx, -1));
	rill_ctx_destroy(ctx);
	return failed > 0;
}

/* ---- the owner ----------------------------------------------------------------------------------------------------------- */

struct owner {
	struct rill_arena *arena;
	world *w;
	bool over;
};

static void on_opened(struct rill_session *s, void *user)
{
	owner *o = static_cast<owner *>(user);
	struct rill_loan loan = {o->arena, o->w, sizeof(*o->w)};
	struct rill_out out = {};
	struct rill_channel *ch;

	out.size = sizeof(out);
	out.loans = &loan;
	out.loan_count = 1;
	check(rill_channel_open(&ch, s, "world", nullptr, nullptr, nullptr));
	check(rill_channel_sendmsg(ch, &out));
}

static void on_closed(struct rill_session *s, int, void *user)
{
	rill_session_close(s);
	static_cast<owner *>(user)->over = true;
}

static std::size_t allocated(struct rill_arena *arena)
{
	struct rill_arena_usage usage = {};

	usage.size = sizeof(usage);
	rill_arena_get_usage(arena, &usage);
	return usage.allocated;
}

static void no_memory_is_bad_alloc(struct rill_arena *arena)
{
	std::size_t before = allocated(arena);
	bool thrown = false;

	try {
		std::vector<int, alloc<int>> huge(std::size_t(1) << 30, 0, alloc<int>(arena));
	} catch (const std::bad_alloc &) {
		thrown = true;
	}
	told(thrown && allocated(arena) == before, "no_memory_is_bad_alloc");
}

static void what_a_constructor_throws_leaves_no_block(struct rill_arena *arena)
{
	struct thrower {
		thrower()
		{
			throw 7;
		}
	};
	std::size_t before = allocated(arena);
	bool thrown = false;

	try {
		rill::make<thrower>(arena);
	} catch (int) {
		thrown = true;
	}
	told(thrown && allocated(arena) == before, "what_a_constructor_throws_leaves_no_block");
}

static void a_pointer_is_one()
{
	struct base {
		int a;
	};
	struct derived : base {
		int b;
	};
	derived objects[4] = {};
	rill::rel_ptr<derived> p(objects), q = p + 2, none;
	rill::rel_ptr<const base> up = q;
	rill::rel_ptr<void> anything = q;
	rill::rel_ptr<derived> down(anything);

	told(!none && none == nullptr && q - p == 2 && q > p && &p[3] == objects + 3 && up.get() == objects + 2 && down == q &&
	             p++ == objects && *&p == objects + 1 && (p -= 1) == objects &&
	             std::pointer_traits<rill::rel_ptr<derived>>::pointer_to(objects[1]) == objects + 1 &&
	             sizeof(p) == sizeof(struct rill_rel),
	     "a_pointer_does_what_pointers_do");
}

static void execute_reader(int fd)
{
	char arg[16], path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	std::snprintf(arg, sizeof(arg), "%d", fd);
	if (n > 0) {
		path[n] = '\0';
		execl(path, path, arg, static_cast<char *>(nullptr));
	}
	_exit(127);
}

static int own()
{
	struct rill_session_events events = {};
	struct rill_session *s;
	struct rill_ctx *ctx;
	owner o = {};
	int pair[2], status = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[1]);
		execute_reader(pair[0]);
	}
	close(pair[0]);
	check(rill_ctx_create(&ctx, nullptr));
	o.arena = small_arena(ctx);
	o.w = rill::make<world>(o.arena, alloc<void *>(o.arena));
	fill(o.w, o.arena);
	events.size = sizeof(events);
	events.opened = on_opened;
	events.closed = on_closed;
	check(rill_session_adopt(&s, ctx, pair[1], nullptr, &events, &o));
	while (!o.over)
		check(rill_epoll_wait(ctx, -1));
	waitpid(pid, &status, 0);
	count += 8; /* the reader told so many */
	told(status == 0, "another_program_read_it");
	rill::unmake(o.arena, o.w);
	told(allocated(o.arena) == 0, "containers_give_all_back");
	no_memory_is_bad_alloc(o.arena);
	what_a_constructor_throws_leaves_no_block(o.arena);
	a_pointer_is_one();
	rill_ctx_destroy(ctx);
	return failed > 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return read_from(std::atoi(argv[1]));
	std::printf("1..13\n");
	std::fflush(stdout);
	return own();
}
