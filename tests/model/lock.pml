/* tests/model/lock.pml - the lock of core/shm/writer.c: N writers that try, any of which may be killed at any instant.
 *
 * Holds: of the living at most one is inside; who takes over from a dead one knows it (BROKEN); when all are through, whoever
 * comes gets the lock. Must fail: NO_CAS (the one who takes over stores instead of compare-and-swap), LATE_BYTE (a lock is
 * taken before the kernel knows the writer), DEAD_IS_FREE (a broken lock is taken as if it were whole).
 */
#ifndef N
#define N 3
#endif
#ifndef D
#define D 2 /* deaths */
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define HELD(w) ((w) % 16 != 0)
#define HOLDER(w) ((w) % 16)
#define BROKEN 16

byte word;            /* HOLDER | BROKEN */
bool alive[N + 2];    /* the kernel's lock on the writer's byte */
bool killed[N + 2];   /* SIGKILL was sent: no further step */
bool inside[N + 2];
bool half;            /* what the lock guards is half done */
byte through;

inline enter(to, got)
{
	word = to;
	inside[id] = true;
	got = true;
	assert(!(id != 1 && inside[1] && alive[1]) && !(id != 2 && inside[2] && alive[2]) &&
	       !(id != 3 && inside[3] && alive[3]));
}

/* The fence posts are the shared accesses; between any two of them one may be killed. */
inline try()
{
	got = false;
	seen = word;
	if
	:: seen == 0 ->
		d_step { if :: word == seen -> enter(id, got) :: else fi }
	:: HELD(seen) && HOLDER(seen) != id ->
		dead = !alive[HOLDER(seen)];
		if
		:: dead ->
#ifdef NO_CAS
			d_step { enter(id + BROKEN, got) }
#else
#ifdef DEAD_IS_FREE
			d_step { if :: word == seen -> enter(id, got) :: else fi }
#else
			d_step { if :: word == seen -> enter(id + BROKEN, got) :: else fi }
#endif
#endif
		:: else
		fi
	:: else
	fi
}

proctype writer(byte id)
{
	byte round, seen;
	bool got, dead;

	{
#ifndef LATE_BYTE
		alive[id] = true;
#endif
		do
		:: round < ROUNDS ->
			round++;
			try();
			if
			:: got ->
				if
				:: word >= BROKEN -> half = false; word = id /* mended */
				:: else -> assert(!half)
				fi;
#ifdef LATE_BYTE
				alive[id] = true;
#endif
				half = true;
				half = false;
				atomic { inside[id] = false; word = 0 }
			:: else
			fi
		:: else -> break
		od
	} unless {
		killed[id] -> atomic { alive[id] = false; inside[id] = false }
	};
	atomic { alive[id] = false; through++ }
}

proctype killer()
{
	byte n;

	do
	:: n < D -> n++; killed[1] = true
	:: n < D -> n++; killed[2] = true
	:: n < D -> n++; killed[3] = true
	:: break
	od
}

proctype last(byte id)
{
	byte seen;
	bool got, dead;

	through == N;
	alive[id] = true;
	try();
	assert(got && (word >= BROKEN || !half))
}

init
{
	atomic {
		run writer(1); run writer(2); run writer(3);
		run killer();
		run last(N + 1)
	}
}
