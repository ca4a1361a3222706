/* tests/model/duplex.pml - both directions of one channel at once, each step of core/shm/ring.h, ring.c, bell.c and
 * session/turn.c: a side sends into its ring, waits for room (SPACE), takes from the other's ring (DATA), and sleeps until a BELL
 * packet; all of that shares one ready[] and one sarm a side. FIFO store buffers (TSO) on both sides; rings and ready[] are real circles with
 * their zero words.
 *
 * Holds: messages come once, in order; nobody sleeps while something is there for him; no answer that is not due; neither ready[]
 * nor a ring overflows. Must fail: NO_P2 NO_P5 NO_R3 NO_S2 NO_F1 (fences), NO_S3 NO_R4_RING NO_R4_READY (second looks), READ_LATE
 * (packets read behind the second look), PUBLISH_LATE (pos published after the arms' fence, without its own look), BUMP_D BUMP_W
 * BUMP_S (an arm bumped before its answer was consumed), RUNG_LATE (the rung set after the entry went out, to what is there
 * then), ENTRY_FIRST (entry before the frame), PUBLISH_FIRST (the frame before the zero word behind it), READY_PUBLISH_FIRST (so in ready[]),
 * NEED_SHORT (no place kept for the zero word), SPACE_LEFT (a SPACE entry that brings too little is not armed for again),
 * R=2 (no place in ready[] for the zero word).
 */
#ifndef K
#define K 1 /* frames that fit a ring */
#endif
#ifndef MA
#define MA 3
#endif
#ifndef MB
#define MB 1
#endif
#ifndef WANT
#define WANT 1 /* frames' room that a sender asks for */
#endif
#ifndef R
#define R 3    /* DATA, SPACE and the zero behind them */
#endif
#define S (K + 1)
#define POS S
#define CARM (S + 1)
#define WARM (S + 2)
#define SARM (S + 3)
#define READY (S + 4)
#define L (S + 4 + R)
#define DATA 1
#define SPACE 2
#define TOTAL(s) ((s) -> MB : MA)
#define MINE(i) mem[me * L + (i)]
#define HIS(i) mem[(1 - me) * L + (i)]

byte mem[2 * L];
chan sb[2] = [4] of { byte, byte };
chan bell[2] = [2] of { byte };
byte sent[2], got[2];
bool asleep[2];

proctype flush(byte me)
{
	byte a, v;
endf:	do
	:: atomic { sb[me]?a, v -> MINE(a) = v; a = 0; v = 0 }
	od
}

#define FENCE empty(sb[me])

inline push(kind) /* P4 .. P7 */
{
	atomic {
#ifdef READY_PUBLISH_FIRST
		sb[me]!(READY + rt), kind;
		sb[me]!(READY + (rt + 1) % R), 0;
#else
		sb[me]!(READY + (rt + 1) % R), 0;
		sb[me]!(READY + rt), kind;             /* P4 */
#endif
		rt = (rt + 1) % R
	};
#ifndef NO_P5
	FENCE;                                         /* P5 */
#endif
	atomic {
		x = HIS(SARM);                         /* P6 */
		if
		:: x != srung -> assert(nfull(bell[1 - me])); bell[1 - me]!x; srung = x /* P7 */
		:: else
		fi;
		x = 0
	}
}

inline look_at_pos()
{
	atomic { assert(HIS(POS) >= cpos && HIS(POS) <= sent[me]); cpos = HIS(POS) }
}

#ifdef NEED_SHORT
#define FITS (sent[me] + WANT <= cpos + K + 1)
#else
#define FITS (sent[me] + WANT <= cpos + K)
#endif

inline room() /* S1 .. S3: wait_for_room() */
{
	look_at_pos();
	if
	:: FITS -> wants = false
	:: else ->
#ifdef BUMP_W
		may_w = true;
#endif
		atomic { if :: may_w -> warm++; may_w = false; sb[me]!WARM, warm :: else fi }; /* S1 */
#ifndef NO_S2
		FENCE;                                 /* S2 */
#endif
#ifdef NO_S3
		wants = true
#else
		look_at_pos();                         /* S3 */
		wants = !FITS
#endif
	fi
}

inline check_() /* P2, P3 */
{
#ifndef NO_P2
	FENCE;                                         /* P2 */
#endif
#ifdef RUNG_LATE
	x = HIS(CARM);
	if :: x != drung -> push(DATA); drung = HIS(CARM) :: else -> x = 0 fi
#else
	x = HIS(CARM);                                 /* P3 */
	if :: x != drung -> drung = x; push(DATA) :: else -> x = 0 fi
#endif
}

inline send()
{
	if :: !FITS -> room() :: else fi;
	if
	:: !wants ->
#ifdef ENTRY_FIRST
		check_();
#endif
		atomic {
			sent[me]++;
#ifdef PUBLISH_FIRST
			sb[me]!((sent[me] - 1) % S), sent[me];
			sb[me]!(sent[me] % S), 0
#else
			sb[me]!(sent[me] % S), 0;
			sb[me]!((sent[me] - 1) % S), sent[me]  /* P1 */
#endif
		};
#ifndef ENTRY_FIRST
		check_()
#endif
	:: else
	fi
}

inline publish() /* F1 .. F3 */
{
	if
	:: published != got[me] ->
		atomic { sb[me]!POS, got[me]; published = got[me] };
#ifndef NO_F1
		FENCE;                                 /* F1 */
#endif
		x = HIS(WARM);                         /* F2 */
		if :: x != wrung -> wrung = x; push(SPACE) :: else -> x = 0 fi  /* F3 */
	:: else
	fi
}

inline take_entries()
{
	do
	:: atomic { HIS(READY + rh) == DATA -> assert(!may_d); may_d = true; hot = true; rh = (rh + 1) % R }
	:: atomic { HIS(READY + rh) == SPACE -> assert(!may_w); may_w = true; rh = (rh + 1) % R };
#ifdef SPACE_LEFT
		if :: wants -> look_at_pos(); wants = !FITS :: else fi
#else
		if :: wants -> room() :: else fi
#endif
	:: HIS(READY + rh) == 0 -> break
	od
}

inline take_frames()
{
	do
	:: atomic { hot && HIS(got[me] % S) != 0 -> assert(HIS(got[me] % S) == got[me] + 1); got[me]++ }
	:: !hot || HIS(got[me] % S) == 0 -> break
	od
}

proctype side(byte me)
{
	byte rt, rh, srung, drung, wrung, cpos, published, x, v;
	byte sarm = 1, carm = 1, warm;
	bool may_d, may_s, may_w = true, hot, wants, more;

sleep:	asleep[me] = true;
end:	if
	:: atomic { nempty(bell[me]) -> asleep[me] = false };
#ifndef READ_LATE
		atomic { bell[me]?v; assert(v == sarm && !may_s); may_s = true; v = 0 }
#endif
	:: atomic { sent[me] < TOTAL(me) && !wants -> asleep[me] = false };
		send();                                /* outside a dispatch: armed as before */
		goto sleep
	fi;
turn:	take_entries();
	take_frames();
#ifndef PUBLISH_LATE
	publish();
#endif
	if
	:: sent[me] < TOTAL(me) && !wants -> send()
	:: true
	fi;
#ifdef BUMP_D
	may_d = may_d || hot;
#endif
#ifdef BUMP_S
	may_s = true;
#endif
	atomic { if :: hot && may_d -> carm++; sb[me]!CARM, carm; may_d = false :: else fi }; /* R1 */
	atomic { if :: may_s -> sarm++; sb[me]!SARM, sarm; may_s = false :: else fi };        /* R2 */
#ifndef NO_R3
	FENCE;                                         /* R3 */
#endif
#ifdef PUBLISH_LATE
	if :: published != got[me] -> atomic { sb[me]!POS, got[me]; published = got[me] } :: else fi;
#endif
	more = false;
#ifdef NO_R4_RING
	hot = false;
#else
	atomic { if :: hot && HIS(got[me] % S) != 0 -> more = true :: hot && HIS(got[me] % S) == 0 -> hot = false :: else fi }; /* R4 */
#endif
#ifndef NO_R4_READY
	atomic { if :: HIS(READY + rh) != 0 -> more = true :: else fi };
#endif
	if :: more -> more = false; goto turn :: else fi;
#ifdef READ_LATE
	if :: atomic { bell[me]?v -> may_s = true; v = 0 } :: empty(bell[me]) fi;
#endif
	goto sleep
}

init
{
	atomic {
		mem[CARM] = 1; mem[SARM] = 1; mem[L + CARM] = 1; mem[L + SARM] = 1;
		run flush(0); run flush(1); run side(0); run side(1)
	};
	/* nothing can move any more: then all has come */
	timeout -> assert(asleep[0] && asleep[1] && sent[0] == MA && sent[1] == MB && got[0] == MB && got[1] == MA)
}
