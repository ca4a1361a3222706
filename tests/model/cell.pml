/* A cell: the owner publishes N versions in K slots, readers choose one without locks. FIFO store buffers (TSO) on all sides.
 * Single writer: O writes the versions' bytes, the slots' numbers and `current`, each R its mark. The memory of a slot is used
 * again as soon as the owner takes it for free, so a reader that was forgotten sees a mixture, or another version than it took.
 *
 * Mutations: NO_F1 NO_F2 (fences), LOOK_FIRST (marks before current), NO_TAKING (the mark is set after current was read),
 * TAKING_HOLDS_NONE, DONE_EARLY (the mark goes before the reading is done), ANY_CHANGE_IS_LATER (the same read's two marks taken
 * for two reads), NUMBER_LATE (current before the version's bytes). REVOKE: the owner does not wait for readers at all; then
 * done() must say so, and with NO_CHECK it does not. F3 and F4 of core/share/versions.c are no fences here: under TSO stores
 * come in order, and so do loads. */
#ifndef K
#define K 2
#endif
#ifndef N
#define N 4
#endif
#ifndef M
#define M 3
#endif
#ifndef NR
#define NR 1
#endif
#define TAKING 7
#define COUNT(m) ((m) / 8)
#define SLOT(m) ((m) % 8)
#define A_CURRENT 0
#define A_NUMBER 1
#define A_FIRST (A_NUMBER + K)
#define A_SECOND (A_FIRST + K)

byte current;            /* number * 4 + slot; 0: none */
byte number[K];          /* of each slot; 0: taken away */
byte first[K], second[K]; /* the bytes of the version that lies there */
byte mark[NR];           /* 0, or count * 8 + slot or TAKING */
chan ob = [4] of { byte, byte };
chan rb[NR] = [2] of { byte };

active proctype flushO() { byte a, v; endfo:
	do :: atomic { ob?a,v ->
		if
		:: a == A_CURRENT -> current = v
		:: a >= A_NUMBER && a < A_FIRST -> number[a - A_NUMBER] = v
		:: a >= A_FIRST && a < A_SECOND -> first[a - A_FIRST] = v
		:: else -> second[a - A_SECOND] = v
		fi; a = 0; v = 0 } od }

active [NR] proctype flushR() { byte v; byte me = _pid - 1; endfr:
	do :: atomic { rb[me]?v -> mark[me] = v; v = 0 } od }

active proctype O() { byte n, slot, r, m, fresh, seen[NR], holds[NR], old, mine = 255, busy;
	/* sets of slots are bits: holds[], old, fresh, busy */
	do
	:: n < N ->
		n++;
again:		slot = 0;
		do :: slot < K && (slot == mine || (old >> slot) & 1) -> slot++ :: else -> break od;
		if
		:: slot < K -> skip
		:: else -> fresh = 0; goto look    /* no place: look again */
		fi;
#ifdef NUMBER_LATE
		ob!A_CURRENT,(n * 4 + slot);
#endif
		ob!(A_FIRST + slot),n; ob!(A_SECOND + slot),n; ob!(A_NUMBER + slot),n;
		fresh = 0;
		if :: mine != 255 -> fresh = 1 << mine :: else fi;
#ifdef LOOK_FIRST
		r = 0;
		do :: r < NR -> m = mark[r];
			if :: SLOT(m) == TAKING -> holds[r] = holds[r] | fresh
			   :: m != 0 && SLOT(m) == mine -> holds[r] = holds[r] | fresh
			   :: else fi; r++
		   :: else -> break od;
#endif
#ifndef NUMBER_LATE
		ob!A_CURRENT,(n * 4 + slot);            /* the one store that publishes */
#endif
#ifndef NO_F2
		empty(ob);                              /* F2 */
#endif
		mine = slot; old = old | fresh;
look:		r = 0; busy = 0;
		do
		:: r < NR ->
			m = mark[r];
#ifdef ANY_CHANGE_IS_LATER
			if :: m != seen[r] -> holds[r] = 0 :: else fi;
#else
			if :: COUNT(m) != COUNT(seen[r]) -> holds[r] = 0 :: else fi;
#endif
			seen[r] = m;
#ifndef LOOK_FIRST
			holds[r] = holds[r] | fresh;
#endif
			if
			:: m == 0 -> holds[r] = 0
#ifdef TAKING_HOLDS_NONE
			:: m != 0 && SLOT(m) == TAKING -> holds[r] = 0
#else
			:: m != 0 && SLOT(m) == TAKING -> skip
#endif
			:: m != 0 && SLOT(m) != TAKING -> holds[r] = holds[r] & (1 << SLOT(m))
			fi;
			busy = busy | holds[r];
			r++
		:: else -> break
		od;
#ifdef REVOKE
		busy = 0;
#endif
		r = 0;
		do :: r < K ->
			if :: ((old >> r) & 1) && !((busy >> r) & 1) ->
				old = old & (255 - (1 << r));
#ifndef NO_FREE_STORE
				ob!(A_NUMBER + r),0;            /* F3: FIFO keeps it before what is written there next */
#endif
			   :: else fi; r++
		   :: else -> break od;
		r = 0; m = 0;
		if
		:: fresh == 0 && old != 0 && mine != 255 && ((old | (1 << mine)) + 1) == (1 << K) ->
			/* still no place: wait until some mark moves */
			if
			:: mark[0] != seen[0]
#if NR > 1
			:: mark[1] != seen[1]
#endif
			fi;
			goto again
		:: else -> skip
		fi;
		if :: fresh == 0 && n > 1 -> goto again :: else fi
	:: else -> break
	od }

active [NR] proctype R() { byte me = _pid - NR - 2; byte reads, c, a, b, s; bool stale;
	do
	:: reads < M ->
		reads++;
#ifndef NO_TAKING
		rb[me]!(reads * 8 + TAKING);
#endif
#ifndef NO_F1
		empty(rb[me]);                          /* F1 */
#endif
		c = current;
		if
		:: c == 0 -> rb[me]!0
		:: else ->
			s = c % 4;
			rb[me]!(reads * 8 + s);
			stale = number[s] != c / 4;
#ifdef DONE_EARLY
			rb[me]!0;
#endif
			a = first[s];
			b = second[s];
#ifdef REVOKE
			if :: number[s] != c / 4 -> stale = true :: else fi;
#ifdef NO_CHECK
			stale = false;
#endif
			assert(stale || (a == c / 4 && b == c / 4));
#else
			assert(!stale);
			assert(a == c / 4 && b == c / 4);
#endif
#ifndef DONE_EARLY
			rb[me]!0;
#endif
		fi;
		c = 0; a = 0; b = 0; s = 0; stale = false
	:: else -> break
	od }
