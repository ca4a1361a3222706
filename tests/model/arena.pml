/* tests/model/arena.pml - arenas announced, lent from, destroyed with loans out, forgotten, and their number used for the next one;
 * while frames that name them and packets that tell of them are in flight. core/session/announce.c, lend.c, borrow.c, recv.c. FIFO store
 * buffers (TSO) on both sides; a packet is a system call, which empties them.
 *
 * Holds: a frame is read in the arena that it was lent from; every name that a frame has is found, in the table or in the socket;
 * a FORGET never names what is not there or still held, an ARENA never a place in use; all loans come home and all arenas go.
 * Must fail: FRAME_FIRST (the frame before its ARENA packet), FORGET_EARLY (with loans out), ID_AGAIN (the next arena in a place has
 * the same id), NO_DRAIN (an unknown name is not looked for in the socket), HOLD_LATE (the mark that a loan is held is set after the return),
 * UNHOLD_LATE (the place is still held after a packet could be read), RETURN_EARLY (lent memory read after its return).
 */
#ifndef E
#define E 3 /* arenas, one after the other, in one place */
#endif
#ifndef M
#define M 3 /* loans */
#endif
#ifndef Q
#define Q 2
#endif
mtype = { ARENA, FORGET };
#ifdef ID_AGAIN
#define ID(e) 1
#else
#define ID(e) (e) /* A2 */
#endif

byte frame[M + 1];   /* written by the lender: 0, or the id of its arena */
byte returned;       /* written by the borrower: how many came home (returns[], in order) */
byte truth[M];       /* ghost: the arena it was lent from */
bool there[E + 2];   /* ghost: the arena's pages are there */
chan lb = [2] of { byte, byte };
chan bb = [2] of { byte };
chan sock = [Q] of { mtype, byte, byte };
byte epoch, sent, home, out;
bool announced, forgetting, alive;

active proctype flushL() { byte a, v; endfl: do :: atomic { lb?a, v -> frame[a] = v; a = 0; v = 0 } od }
active proctype flushB() { byte v; endfb: do :: atomic { bb?v -> returned = v; v = 0 } od }

#define PACKET (empty(lb) && nfull(sock))

active proctype lender()
{
	bool owed;

end:	do
	:: atomic { !alive && !announced && epoch < E -> epoch++; alive = true; there[epoch] = true }
#ifdef FRAME_FIRST
	:: atomic { alive && sent < M && !owed -> truth[sent] = epoch; lb!sent, ID(epoch); sent++; out++;
		if :: !announced -> owed = true; announced = true :: else fi }
	:: atomic { owed && PACKET -> sock!ARENA, ID(epoch), epoch; owed = false }
#else
	:: atomic { alive && !announced && sent < M && PACKET -> announced = true; sock!ARENA, ID(epoch), epoch } /* N1 */
	:: atomic { alive && announced && sent < M && nfull(lb) -> truth[sent] = epoch; lb!sent, ID(epoch); sent++; out++ }
#endif
	:: atomic { returned > home && !owed -> home++; out--;
		if :: out == 0 && forgetting -> there[epoch] = false :: else fi }
	:: atomic { alive && !owed -> alive = false;  /* rill_arena_destroy() */
		if
		:: announced -> forgetting = true;
			if :: out == 0 -> there[epoch] = false :: else fi
		:: else -> there[epoch] = false
		fi }
#ifdef FORGET_EARLY
	:: atomic { forgetting && PACKET ->
#else
	:: atomic { forgetting && out == 0 && PACKET -> /* A1 */
#endif
		sock!FORGET, ID(epoch), epoch; forgetting = false; announced = false; there[epoch] = false }
	od
}

active proctype borrower()
{
	mtype k;
	byte id, e, place, in, next, held, a;
	bool mark;

end:	do
	:: atomic { nempty(sock) -> sock?k, id, e;
		if
		:: k == ARENA -> assert(place == 0); place = id; in = e
		:: k == FORGET -> assert(place == id && !mark); place = 0; in = 0
		fi; id = 0; e = 0 }
#ifdef NO_DRAIN
	:: atomic { next < M && frame[next] != 0 && place != frame[next] -> assert(false) }
#else
	:: atomic { next < M && frame[next] != 0 && place != frame[next] && empty(sock) -> assert(false) } /* N2 */
#endif
	:: atomic { next < M && held == 0 && frame[next] != 0 && place == frame[next] ->
		assert(in == truth[next]);             /* it is read where it was written */
		next++;
		held = next;
#ifndef HOLD_LATE
		mark = true
#endif
		}
#ifdef RETURN_EARLY
	:: atomic { held != 0 -> bb!held; a = held };
	   atomic { assert(there[truth[a - 1]]); held = 0; a = 0; mark = false }
#else
	:: atomic { held != 0 -> assert(there[truth[held - 1]]) }
#ifdef UNHOLD_LATE
	:: atomic { held != 0 -> bb!held; held = 0 }
	:: atomic { held == 0 && mark -> mark = false }
#else
	:: atomic { held != 0 -> bb!held;          /* A3: borrow_release(): no packet is read in between */
#ifdef HOLD_LATE
		mark = true;
#else
		mark = false;
#endif
		held = 0 }
#endif
#endif
	od
}

init { timeout -> assert(home == sent && out == 0 && !announced && !forgetting && !alive && empty(sock)) }
