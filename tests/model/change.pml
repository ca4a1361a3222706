/* "A version was published": the reader bumps arm, fences, then reads; the owner publishes, fences, then loads arm. Whatever
 * the order, in the end the reader has seen the last version or is told of it. FIFO store buffers on both sides.
 * Mutations: NO_F_ARM NO_F2 (fences), ARM_LATE (the reader reads before it arms), RUNG_BEFORE (arm is loaded before current is
 * stored). */
#ifndef N
#define N 4
#endif
byte current, arm = 1;
chan ob = [2] of { byte };
chan rb = [2] of { byte };
chan told = [N] of { bit };
byte seen;
bool odone, idle;

active proctype flushO() { byte v; endfo: do :: atomic { ob?v -> current = v; v = 0 } od }
active proctype flushR() { byte v; endfr: do :: atomic { rb?v -> arm = v; v = 0 } od }

active proctype O() { byte n, a, rung;
	do
	:: n < N -> n++;
#ifdef RUNG_BEFORE
		a = arm;
#endif
		ob!n;
#ifndef NO_F2
		empty(ob);                      /* F2 */
#endif
#ifndef RUNG_BEFORE
		a = arm;
#endif
		if :: a != rung -> rung = a; assert(nfull(told)); told!1 :: else fi
	:: else -> break
	od;
	odone = true }

active proctype R() { byte mine = 1;
	seen = current;                         /* opened: armed before it asked */
endr:	do
	:: idle = true;
endw:		atomic { told?1 -> idle = false };
#ifdef ARM_LATE
		seen = current;
#endif
		mine++; rb!mine;
#ifndef NO_F_ARM
		empty(rb);                      /* twin F2 */
#endif
#ifndef ARM_LATE
		seen = current;                 /* changed() reads */
#endif
	od }

active proctype monitor() { endm:
	atomic { (odone && idle && empty(told) && empty(ob) && empty(rb)) -> assert(seen == N) } }
