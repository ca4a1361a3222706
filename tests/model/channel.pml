/* tests/model/channel.pml - a channel's life: open, accept, decline, close from either side, its index used again, and the end of
 * the session (death, GOODBYE) at any point; against frames, descriptors and packets in flight. core/session/open.c, channel.c,
 * turn.c (E5), packet_read.c (E6), room.c (N1, N3), recv.c (N2), fds.c, session.c. Shared memory has FIFO store buffers (TSO); a
 * packet is a system call, which empties them; wake-ups are left out (duplex.pml): whoever can go on does.
 *
 * Holds: frames come once, in order, to the generation they were sent to, and none is missing when closed() is told, in order or
 * after a death; closed() is told once, the session's once; descriptors are there when their frame is, each is claimed once, none is
 * left; no honest step is a violation (EPROTO); and it always goes on: in the end both have closed everything and the index is free.
 * Must fail: NO_END (CLOSE without its position), REUSE_UNDRAINED (the index used before the peer has freed all), REUSE_UNTAKEN
 * (before all of the peer's was taken), REUSE_UNCLOSED (before our own close), STALE_OVER (OPEN does not look whether the last
 * life is over), CLOSE_FIRST (CLOSE before a pending ACCEPT), FRAME_FIRST (the frame before its FDS packet), NO_VOID (descriptors sent, frame
 * never), SEND_EARLY (packets overtake stores), NO_DRAIN (a name that is unknown is not looked for in the socket), EOF_FIRST
 * (the hang-up before the packets that came ahead of it), END_AT_ONCE (closed() is told while frames wait), TELL_EACH (told by the CLOSE and by
 * the session's end), OFFER_LOST (the end of an offered channel is told before the offer).
 */
#ifndef G
#define G 2  /* lives of the index */
#endif
#ifndef M0
#define M0 2 /* frames in each from the opener */
#endif
#ifndef M1
#define M1 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef BYES
#define BYES 0
#endif
#ifndef FDS
#define FDS 2 /* of these frames have descriptors */
#endif
#ifndef Q
#define Q 2   /* packets that the socket holds */
#endif
#define S 3
#define POS S
#define L (S + 1)
#define MINE(i) mem[me * L + (i)]
#define HIS(i) mem[(1 - me) * L + (i)]
#define HE (1 - me)

mtype = { OPEN, ACCEPT, DECLINE, CLOSE, FDSP, BYE };
mtype = { FREE, OFFERED, OPENING, OPENED };
mtype = { ON, ENDED, OVER };

byte mem[2 * L];
chan sb[2] = [4] of { byte, byte };
chan sock[2] = [Q] of { mtype, byte, byte }; /* to this side: kind, generation, end or sequence */
bool hup[2];                                 /* this side's end of the socket is closed */
bool alive[2] = true;

mtype state[2] = FREE, ses[2] = ON;
byte gen[2], wpos[2], rpos[2], freed[2], published[2], last[2], sent[2], got[2], fdout[2], fdin[2], claimed[2];
bool closed[2], gone[2], told[2], stold[2], u_accept[2], u_close[2], u_decline[2], room[2], hold[2], patient[2], pend[2], tells[2];
byte deaths, byes;

proctype flush(byte me)
{
	byte a, v;
endf:	do
	:: atomic { sb[me]?a, v -> MINE(a) = v; a = 0; v = 0 }
	:: atomic { !alive[me] && !hup[me] && empty(sb[me]) -> hup[me] = true } /* exit(): the kernel closes its end */
	od
}

/* A frame: message number in this life (0: VOID), generation, has descriptors, their sequence. */
#define FRAME(n, fd) ((n) | gen[me] << 2 | (fd) << 4 | (fdout[me] - 1 & 3) << 5)
#define NUMBER(w) ((w) & 3)
#define GEN(w) ((w) >> 2 & 3)
#define HAS_FDS(w) ((w) & 16)
#define SEQ(w) ((w) >> 5 & 3)

#define WORD HIS(rpos[me] % S)
#define WAITS (!(gone[me] && rpos[me] >= last[me]) && WORD != 0)
#define KNOWN (!HAS_FDS(WORD) || fdin[me] > claimed[me])
#ifdef SEND_EARLY
#define TAKES nfull(sock[HE])
#else
#define TAKES (empty(sb[me]) && nfull(sock[HE]))
#endif
#define FITS (wpos[me] + 2 <= HIS(POS) + S)

inline commit(n, fd)
{
	sb[me]!((wpos[me] + 1) % S), 0;
	sb[me]!(wpos[me] % S), FRAME(n, fd);
	wpos[me]++;
	if :: n != 0 -> sent[me]++ :: else fi
}

inline move()
{
	assert(GEN(WORD) == gen[me]);
	if
	:: HAS_FDS(WORD) -> assert(SEQ(WORD) == (claimed[me] & 3)); claimed[me]++
	:: else
	fi;
	rpos[me]++;
	if :: !hold[me] -> freed[me] = rpos[me] :: else fi
}

inline renew(s)
{
	gen[me]++;
	state[me] = s;
	closed[me] = false; gone[me] = false; told[me] = false; sent[me] = 0; got[me] = 0; last[me] = 0; tells[me] = false
}

inline user_close()
{
	if :: room[me] -> room[me] = false;
#ifndef NO_VOID
		commit(0, 1)
#endif
	   :: else fi;
	closed[me] = true
}

inline end_channel()
{
	if
	:: state[me] != FREE && !gone[me] ->
		gone[me] = true;
		last[me] = rpos[me] + S;
		if :: state[me] == OPENING -> state[me] = OPENED :: else fi
#ifdef TELL_EACH
	:: state[me] != FREE && gone[me] -> told[me] = false
#endif
	:: else
	fi
}

#ifdef REUSE_UNCLOSED
#define BOTH_CLOSED (gone[me] && (closed[me] || told[me]))
#else
#define BOTH_CLOSED (gone[me] && closed[me])
#endif
#define UNSENT (u_accept[me] || u_close[me] || u_decline[me])
/* E1 */
#ifdef REUSE_UNTAKEN
#define ALL_TAKEN true
#else
#define ALL_TAKEN (!WAITS && freed[me] == rpos[me] && published[me] == rpos[me])
#endif
#ifdef REUSE_UNDRAINED
#define ALL_FREED true
#else
#define ALL_FREED (HIS(POS) == wpos[me])
#endif

inline over() /* channel_over() in one go */
{
	if
	:: BOTH_CLOSED && !UNSENT ->
		do :: WAITS -> move() :: else -> break od;
		if :: published[me] != freed[me] -> published[me] = freed[me]; sb[me]!POS, freed[me] :: else fi;
		if :: ALL_TAKEN && ALL_FREED -> state[me] = FREE :: else fi
	:: else
	fi
}

inline on_packet()
{
	if
	:: k == OPEN ->
#ifndef STALE_OVER                                     /* E2 */
		if :: state[me] != FREE -> over() :: else fi;
#endif
		assert(state[me] == FREE && g == gen[me] + 1);
		renew(OFFERED)
	:: k == ACCEPT ->
		assert(state[me] == OPENING && g == gen[me]);
		state[me] = OPENED
	:: k == DECLINE || k == CLOSE ->
		assert(state[me] != FREE && g == gen[me] && !gone[me] && (k == DECLINE) == (state[me] == OPENING));
		assert(x - rpos[me] <= S && x >= rpos[me]);
		gone[me] = true;
#ifdef NO_END
		last[me] = rpos[me] + S;
#else
		last[me] = x;                          /* E3 */
#endif
		if :: state[me] == OPENING -> state[me] = OPENED :: else fi
	:: k == FDSP -> assert(x == fdin[me]); fdin[me]++
	:: k == BYE -> ses[me] = ENDED; end_channel()
	fi
}

#ifdef CLOSE_FIRST /* E4 */
#define IN_TURN true
#else
#define IN_TURN (!u_accept[me])
#endif
#ifdef EOF_FIRST /* E6 */
#define ALL_READ true
#else
#define ALL_READ empty(sock[me])
#endif
#ifdef OFFER_LOST /* E5 */
#define OFFERED_FIRST (state[me] != OPENING)
#else
#define OFFERED_FIRST (state[me] == OPENED)
#endif
#ifdef END_AT_ONCE /* E5 */
#define FRAMES_FIRST true
#else
#define FRAMES_FIRST !WAITS
#endif
#define USER (alive[me] && ses[me] != OVER)
#define CAN_SEND (USER && ses[me] == ON && (state[me] == OPENED || state[me] == OPENING) && !closed[me] && !gone[me] && sent[me] < (me -> M1 : M0))

proctype side(byte me)
{
	mtype k;
	byte g, x;

end:	do
	/* the user */
	:: atomic { USER && ses[me] == ON && me == 0 && state[me] == FREE && gen[me] < G && TAKES && !hup[HE] ->
		renew(OPENING);
		sock[HE]!OPEN, gen[me], 0;
		if :: patient[0] = true; patient[1] = false :: patient[0] = false; patient[1] = true
		   :: patient[0] = false; patient[1] = false fi }
	:: atomic { USER && state[me] == OFFERED && !closed[me] -> /* channel(): 0 */
		state[me] = OPENED;
		u_accept[me] = ses[me] == ON }
	:: atomic { USER && state[me] == OFFERED && !closed[me] -> /* channel(): no */
		closed[me] = true;
		u_decline[me] = ses[me] == ON }
	:: atomic { CAN_SEND && !room[me] && FITS -> commit((sent[me] + 1), 0) }
#ifndef FRAME_FIRST
	:: atomic { CAN_SEND && !room[me] && FITS && me == 0 && fdout[me] < FDS && TAKES && !hup[HE] ->
		sock[HE]!FDSP, 0, fdout[me];           /* N1 */
		fdout[me]++;
		room[me] = true }                      /* reserved: it may be cancelled yet */
	:: atomic { CAN_SEND && room[me] -> room[me] = false; commit((sent[me] + 1), 1) }
	:: atomic { USER && room[me] -> room[me] = false; /* cancel, or its commit failed */
#ifdef NO_VOID
		skip }
#else
		commit(0, 1) }                         /* N3: VOID */
#endif
#else
	:: atomic { CAN_SEND && !room[me] && FITS && me == 0 && fdout[me] < FDS && !pend[me] -> fdout[me]++; commit((sent[me] + 1), 1); pend[me] = true }
	:: atomic { pend[me] && TAKES -> sock[HE]!FDSP, 0, (fdout[me] - 1); pend[me] = false }
#endif
	:: atomic { USER && (state[me] == OPENED || state[me] == OPENING) && !closed[me] && (!patient[me] || told[me] || ses[me] == ENDED) ->
		user_close();
		u_close[me] = ses[me] == ON }
	:: atomic { USER && !hold[me] && state[me] == OPENED && !closed[me] && WAITS && KNOWN -> /* recv, held */
		if
		:: NUMBER(WORD) != 0 ->
			assert(NUMBER(WORD) == got[me] + 1);
			got[me]++;
			if :: hold[me] = true :: skip fi
		:: else
		fi;
		move() }
	:: atomic { hold[me] && alive[me] -> hold[me] = false; freed[me] = rpos[me] }

	/* what the library does on its own */
#ifdef NO_DRAIN
	:: atomic { USER && state[me] == OPENED && WAITS && !KNOWN -> assert(false) }
#else
	:: atomic { USER && state[me] == OPENED && WAITS && !KNOWN && (ses[me] != ON || empty(sock[me])) -> assert(false) } /* N2: names what was never sent */
#endif
	:: atomic { USER && ses[me] == ON && closed[me] && gone[me] && !UNSENT && state[me] != FREE && WAITS && KNOWN -> move() }
	:: atomic { USER && ses[me] == ON && published[me] != freed[me] -> published[me] = freed[me]; sb[me]!POS, freed[me] }
	:: atomic { USER && ses[me] == ON && BOTH_CLOSED && !UNSENT && state[me] != FREE && ALL_TAKEN && ALL_FREED -> state[me] = FREE }
	:: atomic { USER && ses[me] == ON && u_accept[me] && (TAKES || hup[HE]) ->
		u_accept[me] = false;
		if :: !hup[HE] -> sock[HE]!ACCEPT, gen[me], 0 :: else fi }
	:: atomic { USER && ses[me] == ON && IN_TURN && (u_close[me] || u_decline[me]) && (TAKES || hup[HE]) ->
		if :: !hup[HE] && u_close[me] -> sock[HE]!CLOSE, gen[me], wpos[me]
		   :: !hup[HE] && u_decline[me] -> sock[HE]!DECLINE, gen[me], wpos[me]
		   :: else fi;
		u_close[me] = false;
		u_decline[me] = false }
	:: atomic { USER && ses[me] == ON && nempty(sock[me]) -> sock[me]?k, g, x; on_packet(); k = 0; g = 0; x = 0 }
	:: atomic { USER && ses[me] == ON && hup[HE] && ALL_READ -> ses[me] = ENDED; end_channel() }
	:: atomic { USER && gone[me] && !told[me] && !closed[me] && OFFERED_FIRST && FRAMES_FIRST ->
		assert(!tells[me]);
		tells[me] = true;
		told[me] = true;
		assert(state[me] == OPENED);           /* who was never asked hears of no end */
		assert(gen[HE] != gen[me] || got[me] == sent[HE]) }
	:: atomic { USER && ses[me] == ENDED && !stold[me] && (state[me] == FREE || told[me] || closed[me]) -> stold[me] = true }

	/* ends of another kind */
#if BYES
	:: atomic { USER && ses[me] == ON && byes < BYES && !UNSENT && !pend[me] && TAKES && !hup[HE] -> /* session_close(): the rest of him is silence */
		byes++;
		if :: state[me] != FREE -> user_close() :: else fi;
		ses[me] = OVER }
#endif
#if DEATHS
	:: atomic { USER && deaths < DEATHS -> deaths++; alive[me] = false; break }
#endif
#if BYES
	:: atomic { alive[me] && ses[me] == OVER && !hup[me] && TAKES -> sock[HE]!BYE, 0, 0; hup[me] = true; break }
#endif
	od
}

inline well(me)
{
	if
	:: alive[me] && ses[me] == ENDED -> assert(stold[me] && (closed[me] || state[me] == FREE))
	:: alive[me] && ses[me] == ON -> assert(alive[HE] && ses[HE] == ON);
		assert(state[me] == FREE && gen[me] == G && fdin[me] == fdout[HE] && claimed[me] == fdin[me] && !hold[me] && freed[me] == wpos[HE])
	:: else
	fi
}

init
{
	atomic { run flush(0); run flush(1); run side(0); run side(1) };
	timeout -> atomic { well(0); well(1) }
}
