/* tests/model/loan.pml - blocks that are lent: freed by their owner, trimmed, given back, and the session closed in order, aborted,
 * or ended by the borrower's death. core/session/lend.c, borrow.c, core/shm/arena_lend.c, arena_alloc.c. FIFO store buffers (TSO)
 * on both sides. A RETURNS entry with its bell is one wake-up of kernel strength (duplex.pml has how it is made).
 *
 * Holds: a borrower that holds a loan reads what was lent, till it lets go; only close_ms after an end in order, and nothing but that,
 * lets a block be used while one holds it; after an abort none ever is; each block is freed once, its destructor runs once, and not
 * while it is lent; an id that comes back is out; whoever waits for returns is told.
 * Must fail: NO_F_ARM NO_F_GIVE (fences), NO_RELOOK, BUMP (returns_arm bumped before its answer was consumed), RUNG_OF_THEN (the rung
 * is what the arm is after the entry went out), GIVE_FIRST (arm loaded before the id is stored), RETURN_FIRST (given back before the last read), FREE_FIRST (the
 * block is free when its owner frees it, lent or not), TRIM_ALL (trim takes pages of what is lent), ONE_LOAN (that a block is lent
 * is a flag, not a number), FINISH_ALL (the end gives back what had come back, too), DESTROY_TWICE (destructor at free and at the return),
 * ABORT_REUSES, CLOSE_NO_WAIT, GOODBYE_IS_DEATH (the peer's GOODBYE is
 * taken for his hang-up), TWICE (a borrower that gives back twice is not seen: it must be).
 */
#ifndef N
#define N 3 /* loans in all */
#endif
#ifndef B
#define B 1 /* blocks */
#endif
#ifndef ROOM
#define ROOM 2 /* loans out at once */
#endif
#define FREED 99
#define A_FRAME 0
#define A_BYTES (N + 1)
#define A_ARM (N + 1 + B)

/* written by the lender */
byte frame[N + 1]; /* 0, or block + 1: loan i */
byte bytes[B];     /* what the block holds: the number of its life; FREED: its pages are gone */
byte arm;          /* returns_arm */
/* written by the borrower */
byte returns[N + 2]; /* 0, or loan + 1 */

chan lb = [5] of { byte, byte };
chan bb = [3] of { byte, byte };
bool woken;

bool dead, hung_up;                   /* the borrower */
bool bye_came, b_bye;                 /* GOODBYEs: to the borrower, from him */
byte out[B], life[B], number;         /* loans of each block; ghost: which life of it */
bool owned[B], freed[B], ended[B];
bool lent[N];
byte from[N], was[N];                   /* ghosts: its block, and which life */
byte lent_count, made, taken;
bool waits, closing, aborted, over, late, bdone, giving;

active proctype flushL() { byte a, v; endfl:
	do
	:: atomic { lb?a, v ->
		if
		:: a < A_BYTES -> frame[a] = v
		:: a >= A_BYTES && a < A_ARM -> bytes[a - A_BYTES] = v
		:: else -> arm = v
		fi; a = 0; v = 0 }
	od
}

active proctype flushB() { byte a, v; endfb:
	do
	:: atomic { bb?a, v -> returns[a] = v; a = 0; v = 0 }
	:: atomic { dead && !hung_up && empty(bb) -> hung_up = true }
	od
}

inline destroy(b)
{
	assert(!ended[b] && out[b] == 0);
	ended[b] = true;
	owned[b] = false;
	freed[b] = false
}

inline came_back(i)
{
	assert(lent[i]);                               /* each loan ends once */
	b = from[i];
	lent[i] = false;
	lent_count--;
#ifdef ONE_LOAN
	out[b] = 0;
#else
	out[b]--;                                      /* L2 */
#endif
	if
	:: out[b] == 0 && freed[b] -> destroy(b)
	:: else
	fi;
	b = 0
}

inline take_returns()
{
	do
	:: atomic { returns[taken] != 0 -> e = returns[taken] - 1;
		assert(lent[e]);
		taken++;
		came_back(e);
		any = true; e = 0 }
	:: returns[taken] == 0 -> break
	od
}

inline wait_() /* lend_wait() */
{
	any = false;
	take_returns();
	if
	:: !any ->
#ifdef BUMP
		may = true;
#endif
		atomic { if :: may -> mine++; lb!A_ARM, mine; may = false :: else fi }; /* W1 */
#ifndef NO_F_ARM
		empty(lb);                             /* W2 */
#endif
#ifndef NO_RELOOK
		take_returns();                        /* W3 */
#endif
		waits = !any
	:: else
	fi;
	any = false
}

/* lend_finish(): reuse, or leave them be */
inline finish(reuse)
{
	i = 0;
	do
	:: i < N && reuse ->
#ifdef FINISH_ALL
		if :: i < made -> came_back(i) :: else fi;
#else
		if :: lent[i] -> came_back(i) :: else fi; /* L4 */
#endif
		i++
	:: else -> break
	od;
	i = 0;
	over = true
}

active proctype lender()
{
	byte e, b, i, mine;
	bool may = true, any, gone;

end:	do
	/* the user */
	:: atomic { !owned[0] && number < N + 1 && nfull(lb) -> /* alloc */
		number++;
		owned[0] = true; ended[0] = false; life[0] = number;
		lb!A_BYTES, number }
	:: atomic { owned[0] && !freed[0] && made < N && lent_count < ROOM && !closing && !gone -> /* send */
		lent[made] = true; from[made] = 0; was[made] = life[0]; lent_count++;
		out[0]++;
		lb!(A_FRAME + made), 1;
		made++ }
	:: atomic { owned[0] && !freed[0] -> /* rill_arena_free */
#ifdef FREE_FIRST
		destroy(0) }
#else
#ifdef DESTROY_TWICE
		ended[0] = out[0] > 0;
#endif
		if :: out[0] == 0 -> destroy(0) :: else -> freed[0] = true fi } /* L1 */
#endif
#ifdef TRIM_ALL
	:: atomic { (!owned[0] || freed[0]) && empty(lb) -> bytes[0] = FREED }
#else
	:: atomic { !owned[0] && empty(lb) -> bytes[0] = FREED } /* trim, a system call */
#endif
	:: lent_count == ROOM && !waits && !closing && !gone -> wait_() /* lend_room() */
	:: freed[0] && lent_count > 0 && !waits && !closing && !gone -> wait_() /* rest(): lend_wanted(), its destructor is due */
	:: atomic { !closing && !over -> closing = true; bye_came = true } /* session_close() */
	:: atomic { !closing && !over -> closing = true; aborted = true }
	/* the library */
	:: atomic { woken && !over -> woken = false; may = true; waits = false }; take_returns(); any = false
	:: atomic { hung_up && !gone && !closing -> gone = true; waits = false } /* session_end(); returns are not read any more */
#ifdef GOODBYE_IS_DEATH
	:: atomic { b_bye && !gone && !closing -> gone = true; waits = false }
#endif
	:: closing && !aborted && !over && !gone && !hung_up && lent_count > 0 && !waits -> wait_() /* rest() */
	:: atomic { gone && !closing && !over -> closing = true; finish(true) } /* its user closes it then: the hang-up ended the loans */
	/* L3 */
#ifdef ABORT_REUSES
	:: atomic { closing && !over && aborted -> finish(true) }
#else
	:: atomic { closing && !over && aborted -> finish(hung_up) }
#endif
#ifdef CLOSE_NO_WAIT
	:: atomic { closing && !over && !aborted -> finish(true) }
#else
	:: atomic { closing && !over && !aborted && (lent_count == 0 || hung_up) -> finish(true) }
	:: atomic { closing && !over && !aborted && !bdone && lent_count > 0 && !late -> late = true; finish(true) } /* close_ms */
#endif
	od
}

active proctype borrower()
{
	byte next, held = 255, rt, a, rung;

end:	do
	:: atomic { !dead && next < N && frame[next] != 0 && held == 255 -> held = next; next++ }
#ifndef RETURN_FIRST
	:: atomic { !dead && held != 255 -> assert(late || bytes[0] == was[held]) } /* a read */
#endif
	:: atomic { !dead && held != 255 ->
		giving = true;
#ifdef GIVE_FIRST
		a = arm };
		atomic {
#endif
		bb!rt, (held + 1);                     /* G1 */
		rt++ };
#ifdef TWICE
		atomic { bb!rt, (held + 1); rt++ };
#endif
#ifdef RETURN_FIRST
		assert(late || bytes[0] == was[held]);
#endif
		held = 255;
#ifdef DEATH
		if :: dead = true; break :: true fi;   /* stored, and nobody was told */
#endif
#ifndef NO_F_GIVE
		empty(bb);                             /* G2 */
#endif
#ifndef GIVE_FIRST
		a = arm;                               /* G3 */
#endif
		if
		:: a != rung ->
#ifdef RUNG_OF_THEN
			woken = true; rung = arm
#else
			rung = a; assert(!woken); woken = true
#endif
		:: else
		fi;
		a = 0;
		giving = false
	:: atomic { !dead && !b_bye -> b_bye = true }
#ifdef DEATH
	:: atomic { !dead -> dead = true; held = 255; break }
#endif
	:: atomic { !dead && bye_came && held == 255 && (next == N || frame[next] == 0) && empty(bb) && empty(lb) -> bdone = true; dead = true; break }
	od
}

/* Somebody waits, something is there, and nobody will tell him. */
active proctype monitor()
{
endm:	atomic { waits && !woken && !over && !dead && !giving && empty(lb) && empty(bb) && returns[taken] != 0 -> assert(false) }
}
