# Rill: make          the libraries, into build/<variant>/; says what it leaves out
#       make check    unit, contract and end-to-end tests, under a minute
#       make check-all    the same with gcc and clang, sanitizers, valgrind, lint (check-full: long forms everywhere)
#       make demo     the cache demo over a real directory (DIR=/usr/include)
#       make bench    latency, throughput and cost beside floors and peers (QUICK=1; ONLY= ROWS= ROUNDS= PEERS=; docs/benchmark.md)
#       make bench-rpc   calls and structured messages beside the channel's bytes (QUICK=1)
#       make bench-compare A=x.json B=y.json; bench-deps (its peers' packages); bench-docs (its tables into docs/performance.md)
#       make bench-memory        alloc and free in arenas, beside jemalloc and malloc (QUICK=1)
#       make bench-structures    lookups in borrowed memory, and beside uthash and khash (QUICK=1)
#       make fuzz     each fuzz target for T=10 seconds, ONLY="session frame" these (clang); fuzz-afl: by AFL++; docs/fuzzing.md
#       make coverage what the tests reach of core/ and adapters/, as HTML in build/coverage (gcc, lcov)
#       make proof-docs          the proofs of the last check-full into docs/reliability.md
#       make install  PREFIX=/usr/local LIBDIR INCLUDEDIR BINDIR DESTDIR
#       make soak     200 sessions under load, with kills, for T=1800 seconds (docs/reliability.md)
#       make demos, programs (the tests' programs), lint, model (Spin), compile_commands.json, clean
#
# CC CFLAGS CPPFLAGS LDFLAGS are yours and are added to what is needed. WERROR=1, V=1 (show commands), SAN=address,undefined,
# SAN=thread, RUN="valgrind -q" (before each test program), T="wait session" (only test programs with these words in
# their path) may be given. As root on Debian check, check-all and demo install by apt-get what they need, unless
# RILL_NO_INSTALL or DEB_BUILD_ARCH is set.

.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh

CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DIR ?= /usr/include
AR ?= ar
OBJCOPY ?= objcopy

all: libs

# ---- variant --------------------------------------------------------------------------------------------------------
# Outputs of different compilers and sanitizers never share a folder; other flags are in a stamp that objects depend on.

empty :=
space := $(empty) $(empty)
comma := ,
# bench-compare has a B of its own.
compared := $(B)
override B := build/$(subst $(space),_,$(notdir $(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COVERAGE),-coverage)

version := $(shell sed -n 's/^.define RILL_VERSION_[A-Z]* //p' include/rill/base.h | paste -sd.)
soversion := $(basename $(version))

# ---- flags ----------------------------------------------------------------------------------------------------------

optimized := $(filter-out -O0,$(filter -O%,$(CFLAGS)))
fortified := $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS))

warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
hardening := -fstack-protector-strong
ifeq ($(SAN)$(fortified),)
hardening += $(if $(optimized),-D_FORTIFY_SOURCE=2)
endif
ifneq ($(SAN),)
sanitize := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
ifneq ($(filter thread,$(subst $(comma), ,$(SAN))),)
sanitize += $(if $(findstring clang,$(shell $(CC) --version)),,-Wno-tsan)
endif
endif
# Asserts hold what nobody can cause: their other branch is none.
ifneq ($(COVERAGE),)
sanitize := -O0 --coverage -DNDEBUG -U_FORTIFY_SOURCE
endif

cc = $(CC) -std=c11 -D_GNU_SOURCE $(warnings) $(hardening) -fvisibility=hidden -MMD -MP $(CPPFLAGS) $(CFLAGS) $(sanitize)
ld = $(CC) $(CFLAGS) $(sanitize) -Wl,-z,relro,-z,now $(LDFLAGS)
so = -shared -Wl,--version-script=$(B)/rill.map $(if $(SAN),,-Wl,-z,defs)

Q := $(if $(V),,@)
say = $(if $(V),@:,@echo '  $(1)')

# ---- what this machine has, found by compiling ----------------------------------------------------------------------

# $(call probe,HEADERS,LIBS,LANGUAGE,LINES): yes or nothing
probe = $(shell printf '$(4)int main(void) { return 0; }\n' | $(CC) $(CPPFLAGS) $(1:%=-include %) -x $(or $(3),c) - \
	$(CFLAGS) $(LDFLAGS) $(2) -o /dev/null >/dev/null 2>&1 && echo yes)

libevent_headers := event2/event.h
libevent_libs := -levent_core
libevent_package := libevent-dev
libev_headers := ev.h
libev_libs := -lev
libev_package := libev-dev
jemalloc_headers := jemalloc/jemalloc.h
jemalloc_pic = $(shell $(CC) -print-file-name=libjemalloc_pic.a)
jemalloc_libs := -lm
jemalloc_package := libjemalloc-dev
jemalloc_lines := \043if JEMALLOC_VERSION_MAJOR * 100 + JEMALLOC_VERSION_MINOR < 503\n\043error\n\043endif\n
cmocka_headers := stdarg.h stddef.h setjmp.h stdint.h cmocka.h
cmocka_libs := -lcmocka
cmocka_package := libcmocka-dev

# Libraries that tests use in an arena (tests/foreign); headers only.
foreign := uthash bsd khash stb_ds boost
uthash_headers := uthash.h
uthash_package := uthash-dev
bsd_headers := stddef.h bsd/sys/queue.h bsd/sys/tree.h
bsd_package := libbsd-dev
khash_headers := htslib/khash.h
khash_package := libhts-dev
stb_ds_headers := stb/stb_ds.h
stb_ds_package := libstb-dev
boost_headers := boost/container/vector.hpp boost/unordered_map.hpp
boost_libs := -lstdc++
boost_language := c++
boost_package := libboost-container-dev g++

goals := $(or $(MAKECMDGOALS),all)
tested := $(filter check check-all check-full programs lint fuzz fuzz-afl fuzz-seeds,$(goals))
optional := libevent libev jemalloc
parts := $(if $(filter-out clean,$(goals)),$(optional)) $(if $(tested),cmocka $(foreign)) $(if $(filter bench-structures,$(goals)),uthash khash)
is_there = $(call probe,$($1_headers),$($1_libs) $(if $($1_pic),-Wl$(comma)$($1_pic)),$($1_language),$($1_lines))
found := $(foreach p,$(parts),$(if $(call is_there,$p),$p))
missing := $(filter-out $(found),$(parts))

# What a goal needs is installed where that is allowed, else the line that would do it is said; then look again.
ifneq ($(filter check check-all check-full coverage demo,$(goals)),)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
tools := $(if $(filter check-all check-full,$(goals)),clang clang-sanitizers clang-format clang-tidy valgrind g++ spin capnp libcapnp pkg-config cppcheck) $(if $(filter check-full coverage,$(goals)),lcov)
wanted := $(filter-out $(if $(filter check,$(goals)),$(foreign)),$(missing))
absent := $(strip $(foreach p,$(wanted),$($p_package)) $(shell tests/install-needs --absent $(tools)))
ifneq ($(absent),)
$(shell tests/install-needs $(absent) >&2)
found := $(foreach p,$(parts),$(if $(call is_there,$p),$p))
missing := $(filter-out $(found),$(parts))
endif
endif
endif

# ---- what there is to build -----------------------------------------------------------------------------------------

inside := epoll poll select
outside := $(filter-out $(inside),$(patsubst adapters/%.c,%,$(wildcard adapters/*.c)))
adapters := $(filter $(found),$(outside))

schema_c := $(wildcard core/schema/*.c)
core_c := $(filter-out $(schema_c),$(wildcard core/*.c core/*/*.c)) $(wildcard $(inside:%=adapters/%.c))
adapters_c := $(foreach a,$(adapters),adapters/$a.c $(wildcard adapters/$a/*.c))
plugin_c := $(wildcard core/schema/compiler/*.c)
rpc_c := $(wildcard core/rpc/structured/*.c)
names := librill librill-schema librill-rpc $(adapters:%=librill-%)
have := $(foreach p,$(filter $(optional),$(found)),-DHAVE_$(shell echo $p | tr a-z A-Z)=1)

objects = $(patsubst %.c,$(B)/%.o,$(1))
archives := $(names:%=$(B)/%.a)
# libevent before libev, which defines libevent's names, too.
adapter_libs := $(foreach a,$(filter libevent,$(adapters)) $(filter-out libevent,$(adapters)),$($a_libs))

libs: $(archives) $(names:%=$(B)/%.so) $(B)/capnpc-rill
	@echo 'built in $(B): $(names) capnpc-rill'
ifneq ($(filter-out $(found),$(optional)),)
	@echo 'left out: $(foreach p,$(filter-out $(found),$(optional)),librill-$p (no $p found: apt-get install $($p_package)))'
endif

# ---- objects --------------------------------------------------------------------------------------------------------

# A stamp is rewritten when what it says has changed: everything depends on the flags, an archive on what is in it.
$(B)/flags: said = $(cc) $(ld) $(have)
$(B)/sources: said = $(sort $(wildcard core/*.c core/*/*.c core/*/*/*.c adapters/*.c adapters/*/*.c tests/support/*.c tests/loops/*.c demos/*.c))
$(B)/flags $(B)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(said))' | cmp -s - $@ || echo '$(subst ','\'',$(said))' >$@

$(B)/core/%.o: flags = -Iinclude -Icore -fPIC
$(B)/adapters/%.o: flags = -Iinclude -fPIC
$(B)/tests/%.o: flags = -Iinclude -Icore -I. $(have)
$(B)/tests/bench/%.o: flags = -Iinclude -I. $(have)
$(B)/demos/%.o: flags = -Iinclude $(have)
$(B)/docs/%.o: flags = -Iinclude $(have)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(cc) $(flags) -MF $(@:.o=.d) -c -o $@ $<

# C++ by the same compiler; what it knows of types at run time is not linked by a C driver (vptr).
cxx_std := c++11
cxx = $(CC) -x c++ -std=$(cxx_std) -D_GNU_SOURCE -Wall -Wextra $(if $(WERROR),-Werror) $(hardening) $(sanitize) \
	$(if $(findstring undefined,$(SAN)),-fno-sanitize=vptr$(if $(findstring clang,$(notdir $(CC))),$(comma)function)) -MMD -MP $(CPPFLAGS) $(CFLAGS)
$(B)/tests/foreign/%.o: tests/foreign/%.cpp $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX $<)
	$(Q)$(cxx) -Iinclude -I. -MF $(@:.o=.d) -c -o $@ $<

.SECONDARY:
-include $(if $(filter-out clean,$(goals)),$(shell find $(B) -name '*.d' 2>/dev/null))

# ---- libraries ------------------------------------------------------------------------------------------------------
# Before 1.0 a minor version may break the ABI, so it is in the soname.

$(B)/rill.map: include/rill/base.h
	@mkdir -p $(@D)
	@printf 'RILL_$(soversion) { global: rill_*; local: *; };\n' >$@

# One object in which only rill_* is global: a program may have names of its own that we have too. Tests see them all.
$(B)/librill.o: $(call objects,$(core_c)) $(B)/sources
$(B)/librill-schema.o: $(call objects,$(schema_c)) $(B)/sources
$(B)/librill-rpc.o: $(call objects,$(rpc_c)) $(B)/sources
$(B)/librill.o $(B)/librill-schema.o $(B)/librill-rpc.o:
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) -nostdlib -r -o $@ $(filter %.o,$^) && $(OBJCOPY) --localize-hidden $@

$(B)/librill.a: $(B)/librill.o
$(B)/librill-schema.a: $(B)/librill-schema.o
$(B)/librill-rpc.a: $(B)/librill-rpc.o
$(B)/tests/librill.a: $(call objects,$(core_c))
$(B)/tests/librill-schema.a: $(call objects,$(schema_c))
$(B)/tests/libcapnpc-rill.a: $(call objects,$(filter-out %/main.c,$(plugin_c)))
$(foreach a,$(filter-out jemalloc,$(adapters)),$(eval $(B)/librill-$a.a: $(B)/adapters/$a.o))
$(B)/librill-jemalloc.a: $(B)/librill-jemalloc.o

$(B)/%.a: $(B)/sources
	$(call say,AR $@)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/librill.so: $(call objects,$(core_c)) $(B)/rill.map $(B)/sources
	$(call say,LD $@)
	$(Q)$(ld) $(so) -Wl,-soname,$(@F).$(soversion) -o $@ $(filter %.o,$^)
	$(Q)ln -sf $(@F) $@.$(soversion)

# Needs nothing of librill.
$(B)/librill-schema.so: $(call objects,$(schema_c)) $(B)/rill.map $(B)/sources
	$(call say,LD $@)
	$(Q)$(ld) $(so) -Wl,-soname,$(@F).$(soversion) -o $@ $(filter %.o,$^)
	$(Q)ln -sf $(@F) $@.$(soversion)

$(B)/librill-rpc.so: $(call objects,$(rpc_c)) $(B)/librill.so $(B)/librill-schema.so $(B)/rill.map $(B)/sources
	$(call say,LD $@)
	$(Q)$(ld) $(so) -Wl,-soname,$(@F).$(soversion) -o $@ $(filter %.o %.so,$^)
	$(Q)ln -sf $(@F) $@.$(soversion)

# A private copy of jemalloc, all but its C++ part: its public names become je_*, what it must not ask of the host goes to
# stubs, it does not run when the program starts; and in the object that it is joined to only rill_* is global.
jemalloc_stubs := secure_getenv=rill_je_secure_getenv readlink=rill_je_readlink pthread_create=rill_je_pthread_create \
	pthread_atfork=rill_je_pthread_atfork atexit=rill_je_atexit dlsym=rill_je_dlsym \
	_Unwind_Backtrace=rill_je_backtrace _Unwind_GetIP=rill_je_ip

$(B)/jemalloc/private.o: $(B)/flags $(if $(filter jemalloc,$(found)),$(jemalloc_pic))
	$(call say,LD $@)
	@rm -rf $(@D) && mkdir -p $(@D)/parts
	$(Q)cd $(@D)/parts && $(AR) x $(jemalloc_pic) && rm -f *_cpp.*
	$(Q)$(CC) $(CFLAGS) -nostdlib -r -o $(@D)/whole.o $(@D)/parts/*.o
	$(Q)nm -g --defined-only $(@D)/whole.o | awk '$$3 !~ /^je_/ { print $$3, "je_" $$3 }' >$(@D)/names
	$(Q)printf '%s\n' $(jemalloc_stubs) | tr = ' ' >>$(@D)/names
	$(Q)$(OBJCOPY) --redefine-syms=$(@D)/names --remove-section=.init_array --remove-section=.rela.init_array $(@D)/whole.o $@

$(B)/librill-jemalloc.o: $(call objects,adapters/jemalloc.c $(wildcard adapters/jemalloc/*.c)) $(B)/jemalloc/private.o $(B)/sources
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) -nostdlib -r -o $@ $(filter %.o,$^)
	$(Q)$(OBJCOPY) --localize-hidden --wildcard --localize-symbol='je_*' $@

# Never unloaded: threads that used it run its code as they end.
$(B)/librill-jemalloc.so: $(B)/librill-jemalloc.o $(B)/librill.so $(B)/rill.map
	$(call say,LD $@)
	$(Q)$(ld) $(so) -Wl,-z,nodelete -Wl,-soname,$(@F).$(soversion) -o $@ $(filter %.o %.so,$^) $(jemalloc_libs)
	$(Q)ln -sf $(@F) $@.$(soversion)

$(B)/librill-%.so: $(B)/adapters/%.o $(B)/librill.so $(B)/rill.map
	$(call say,LD $@)
	$(Q)$(ld) $(so) -Wl,-soname,$(@F).$(soversion) -o $@ $(filter %.o %.so,$^) $($*_libs)
	$(Q)ln -sf $(@F) $@.$(soversion)

# ---- the compiler plugin, and what it makes of our own schemas --------------------------------------------------------
# It is built without capnp: what it reads its input with was made by itself before and is checked in (tests/unit/schema
# compares). A schema of ours, DIR/NAME.capnp, becomes $(B)/gen/DIR/NAME.rill.h and .c, where there is capnp.

$(B)/capnpc-rill: $(call objects,$(plugin_c)) $(B)/librill-schema.a
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) $(filter %.a,$^)

gen := $(B)/gen
capnp := $(if $(filter-out clean,$(goals)),$(shell command -v capnp))

$(gen)/%.rill.h $(gen)/%.rill.c &: %.capnp $(B)/capnpc-rill include/rill/rill.capnp
	@mkdir -p $(gen)
	$(call say,CAPNP $<)
	$(Q)$(capnp) compile -Iinclude -I. -o$(CURDIR)/$(B)/capnpc-rill:$(gen) $<

$(gen)/%.o: flags = -Iinclude
$(gen)/%.o: $(gen)/%.c $(B)/flags
	$(call say,CC $<)
	$(Q)$(cc) $(flags) -MF $(@:.o=.d) -c -o $@ $<

# ---- tests ----------------------------------------------------------------------------------------------------------
# unit, fault, interop: a program per file. contract, scenario: a program per file and loop.

loops := $(patsubst tests/loops/%.c,%,$(filter-out %/notes.c,$(wildcard tests/loops/*.c)))
lost_loops := $(filter $(filter-out $(found),libevent libev),$(loops))
loops := $(filter-out $(lost_loops),$(loops))

# foreign: a program per library that is there.
lost_foreign := $(filter-out $(found),$(foreign))
foreign_c := $(wildcard $(patsubst %,tests/foreign/%.c,$(filter $(found),$(foreign))))

single := $(patsubst %.c,%,$(wildcard tests/unit/*/*.c tests/fault/*.c tests/interop/*.c docs/snippets/*.c)) \
	$(patsubst %,tests/foreign/%,$(filter $(found),$(foreign))) $(patsubst %.c,%,$(wildcard tests/fuzz/*.c))
looped := $(patsubst %.c,%,$(wildcard tests/contract/*.c tests/scenario/*.c))
lost := $(foreach l,$(lost_loops),$(looped:%=%-$l)) $(lost_foreign:%=tests/foreign/%)

# The guide's snippet has a schema.
$(B)/docs/snippets/person.o: flags = -Iinclude -I$(gen)/docs/snippets
$(B)/docs/snippets/person.o: $(if $(capnp),$(gen)/docs/snippets/person.rill.h)
$(B)/docs/snippets/person: $(if $(capnp),$(gen)/docs/snippets/person.rill.o)
single := $(if $(capnp),$(single),$(filter-out docs/snippets/person,$(single)))
lost += $(if $(capnp),,docs/snippets/person)

# With what the plugin makes of the schemas beside them.
generated := $(if $(capnp),$(wildcard tests/generated/*.capnp))
generated := $(generated:%.capnp=$(gen)/%.rill)
users_of_generated := $(patsubst %.c,%,$(wildcard tests/generated/*.c))
single += $(if $(capnp),$(users_of_generated))
lost += $(if $(capnp),,$(users_of_generated))
$(B)/tests/generated/%.o: flags = -Iinclude -Icore -I. -I$(gen) $(have)
$(users_of_generated:%=$(B)/%.o): $(generated:=.h)
$(generated:=.o): | $(generated:=.h)
$(B)/tests/libgenerated.a: $(generated:=.o)

# And beside libcapnp, in one program, where there is a C++ compiler and libcapnp.
libcapnp := $(if $(capnp),$(if $(filter check programs bench bench-%,$(goals)),$(shell \
	printf '\043include <capnp/message.h>\nint main() { capnp::MallocMessageBuilder m; return 0; }\n' | \
	$(CC) -std=c++14 -x c++ - -lcapnp -lkj -lstdc++ -o /dev/null >/dev/null 2>&1 && echo yes)))
single := $(if $(libcapnp),$(single),$(filter-out tests/generated/libcapnp_tests,$(single)))
lost += $(if $(libcapnp),,$(if $(capnp),tests/generated/libcapnp_tests))
capnp_cxx = $(cxx) -Iinclude -I. -I$(gen)
$(gen)/%.capnp.o $(B)/tests/generated/libcapnp.o $(B)/tests/bench/schema/theirs.o: private cxx_std := c++14

$(gen)/%.capnp.h $(gen)/%.capnp.c++ &: %.capnp include/rill/rill.capnp
	@mkdir -p $(gen)
	$(Q)$(capnp) compile -Iinclude -I. -oc++:$(gen) $<

$(gen)/%.capnp.o: $(gen)/%.capnp.c++
	$(call say,CXX $<)
	$(Q)$(capnp_cxx) -MF $(@:.o=.d) -c -o $@ $<

$(B)/tests/generated/libcapnp.o: tests/generated/libcapnp.c++ $(gen)/tests/generated/shared.capnp.h $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX $<)
	$(Q)$(capnp_cxx) -MF $(@:.o=.d) -c -o $@ $<

$(B)/tests/generated/libcapnp_tests: $(B)/tests/generated/libcapnp.o $(gen)/tests/generated/shared.capnp.o
$(B)/tests/generated/libcapnp_tests: private cxx_libs = -lcapnp -lkj -lstdc++
# So is rill/capnp.hpp.
hpp := tests/interop/capnp_hpp
single += $(if $(libcapnp),$(hpp))
lost += $(if $(libcapnp),,$(hpp))
$(B)/$(hpp).o: private cxx_std := c++20
$(B)/$(hpp).o: $(hpp).c++ $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX $<)
	$(Q)$(cxx) -Iinclude -MF $(@:.o=.d) -c -o $@ $<
$(B)/$(hpp): private cxx_libs = -lcapnp -lkj -lstdc++

scenes := $(addprefix tests/inject/,calls scenes share talks places sweep strike)
injected := $(filter-out $(scenes),$(patsubst %.c,%,$(wildcard tests/inject/*.c)))
tsan := $(foreach s,$(single),$(if $(findstring tsan,$s),$s))
programs := $(if $(findstring thread,$(SAN)),$(tsan),$(single) $(injected) $(foreach l,$(loops),$(looped:%=%-$l)))
programs := $(if $(T),$(foreach w,$(T),$(foreach p,$(programs),$(if $(findstring $w,$p),$p))),$(programs))
programs := $(addprefix $(B)/,$(sort $(programs)))

support := $(B)/tests/libsupport.a
internal := $(B)/tests/librill.a $(B)/tests/librill-schema.a $(B)/tests/libcapnpc-rill.a $(B)/tests/libgenerated.a $(filter-out %/librill.a %/librill-schema.a,$(archives))
$(support): $(call objects,$(wildcard tests/support/*.c tests/loops/notes.c))

# The allocator is wrapped, so that tests can count and refuse (tests/support/allocs.h).
wrap := malloc calloc realloc reallocarray free posix_memalign aligned_alloc strdup strndup
wrap := $(if $(wildcard tests/support/allocs.c),$(wrap:%=-Wl,--wrap=%)) $(if $(COVERAGE),-Wl$(comma)--wrap=_exit -Wl$(comma)-u$(comma)__wrap_malloc -Wl$(comma)-u$(comma)__wrap__exit -Wl$(comma)-u$(comma)__gcov_dump)

link_test = $(ld) $(wrap) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	-Wl,--as-needed $(more_libs) $(adapter_libs) $(cmocka_libs) $(cxx_libs) $(if $(filter %/boost,$@),$(boost_libs)) -lm -pthread

$(addprefix $(B)/,$(single)): $(B)/%: $(B)/%.o $(B)/tests/loops/libepoll.a $(support) $(internal)
	$(call say,LD $@)
	$(Q)$(link_test)

# The benchmark's own parts.
$(addprefix $(B)/,$(filter tests/unit/bench/%,$(single))): $(B)/tests/bench/libbench.a

# A fuzz target over the inputs that were found before: without a fuzzer.
$(addprefix $(B)/,$(filter tests/fuzz/%,$(single))): $(call objects,$(filter-out %/afl.c,$(wildcard tests/fuzz/support/*.c)))
$(addprefix $(B)/,$(filter tests/fuzz/%,$(single))): private more_libs := -Wl,--wrap=getrandom,--wrap=mmap,--wrap=munmap

# Its malloc is a jemalloc.
$(B)/tests/unit/shm/own_jemalloc: more_libs := $(if $(SAN),,$(if $(filter jemalloc,$(found)),-ljemalloc))
$(B)/tests/unit/shm/own_jemalloc: wrap :=

# The library with each of its calls renamed to inject_NAME, where tests/inject/calls.c has that name.
$(B)/tests/inject/librill.o: $(call objects,$(core_c) $(schema_c) $(rpc_c) tests/inject/calls.c) $(B)/sources
	$(call say,LD $@)
	$(Q)nm $(B)/tests/inject/calls.o | sed -n 's/.* T inject_\(.*\)/\1 inject_\1/p' >$(@:.o=.names)
	$(Q)$(CC) $(CFLAGS) -nostdlib -r -o $@ $(filter-out %/inject/calls.o,$(filter %.o,$^)) && $(OBJCOPY) --redefine-syms=$(@:.o=.names) $@

$(addprefix $(B)/,$(injected)): $(B)/%: $(B)/%.o $(scenes:%=$(B)/%.o) $(B)/tests/inject/librill.o $(support)
	$(call say,LD $@)
	$(Q)$(link_test)

# A driver as an archive: a program that uses no loop takes nothing of it.
$(B)/tests/loops/libepoll.a: $(call objects,$(wildcard tests/loops/epoll.c))

define looped_with
$(looped:%=$(B)/%-$(1)): $(B)/%-$(1): $(B)/%.o $(B)/tests/loops/$(1).o $(support) $$(internal)
	$$(call say,LD $$@)
	$$(Q)$$(link_test)
endef
$(foreach l,$(loops),$(eval $(call looped_with,$l)))

# Those of the schemas run the plugin.
$(addprefix $(B)/,$(filter tests/unit/schema/% tests/generated/%,$(single))): | $(B)/capnpc-rill

# One uses what was installed, as a user would.
staged := $(CURDIR)/$(B)/stage
$(B)/tests/interop/installed: | $(B)/staged

# interop runs the demos.
$(addprefix $(B)/,$(filter tests/interop/%,$(single))): | demos

programs: $(programs)

ifeq ($(filter-out $(found),cmocka),)
check: $(programs)
	@RUN='$(RUN)' CC='$(CC)' RILL_SANITIZE='$(sanitize)' tests/run --root $(B) $(lost:%=--skip %) $(programs)
else
check:
	@echo 'check needs cmocka:' >&2; RILL_NO_INSTALL=1 tests/install-needs $(cmocka_package) >&2; false
endif

check-all check-full:
	+@MAKE='$(MAKE)' tests/$@

# The proofs of the last check-full into docs/reliability.md.
proof-docs: build/check-full/proofs
	@sed -i -e '/^<!-- proofs -->/,/^<!-- end -->/{//!d}' docs/reliability.md
	@{ date +'On %F, commit '; git rev-parse --short HEAD; } | tr -d '\n' >build/proofs.md
	@printf ':\n\n```\n' >>build/proofs.md; sort -s -k5,5r $< >>build/proofs.md; printf '```\n' >>build/proofs.md
	@sed -i -e '/^<!-- proofs -->/r build/proofs.md' docs/reliability.md

coverage:
	+@MAKE='$(MAKE)' tests/coverage

lint: libs $(B)/compile_commands.json $(if $(capnp),$(gen)/demos/addressbook.rill.h)
	@tests/lint $(B)

model:
	@tests/model/run long

# The public library, and nothing else of ours.
soak_o := $(call objects,$(wildcard tests/soak/*.c) $(addprefix tests/support/,child.c leaks.c rounds.c))
$(B)/tests/soak/soak: $(soak_o) $(B)/librill.a
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $^

soak: $(B)/tests/soak/soak
	@$(RUN) $< $(or $(T),1800)

# ---- demos and benchmark --------------------------------------------------------------------------------------------
# A file in demos/ with a main() is a program; the others are linked to all of them.

mains = $(patsubst %.c,%,$(shell grep -ls '^int main\>' $(1) </dev/null))
without = $(if $(filter $1,$(found)),,$(filter $2,$(demos)))

demos := $(call mains,$(wildcard demos/*.c))
demos_c := $(filter-out $(demos:%=%.c),$(wildcard demos/*.c))
demos := $(filter-out $(call without,libevent,%libevent) $(call without,libev,%libev),$(demos))

# The address book has a schema: it needs capnp.
book := $(gen)/demos/addressbook.rill
ifeq ($(capnp),)
demos := $(filter-out demos/addressbook%,$(demos))
demos_c := $(filter-out demos/addressbook%,$(demos_c))
endif
$(B)/demos/addressbook%.o: flags = -Iinclude -I$(gen) $(have)
$(addprefix $(B)/,$(patsubst %.c,%.o,$(filter demos/addressbook_%,$(demos_c)))): | $(book).h
$(addprefix $(B)/,$(filter demos/addressbook,$(demos))): $(book).o
demos_lib := $(if $(demos_c),$(B)/demos/libdemos.a)
$(demos_lib): $(call objects,$(demos_c))

$(addprefix $(B)/,$(demos)): $(B)/%: $(B)/%.o $(demos_lib) $(archives)
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -Wl,--as-needed $(adapter_libs)

demos: $(addprefix $(B)/,$(demos))

demo: demos
	@$(B)/demos/cache_demo '$(DIR)'

# The driver takes every file of its folders; a file in peers/ is a program of its own, built where its library is.
bench_lib_c := $(filter-out tests/bench/bench.c tests/bench/peer.c,$(wildcard tests/bench/*.c))
bench_c := tests/bench/bench.c $(bench_lib_c) $(wildcard $(addprefix tests/bench/,floors/*.c rill/*.c loops/*.c measures/*.c))
bench_support := $(call objects,tests/support/syscalls.c tests/support/child.c tests/support/rounds.c)

zmq_headers := zmq.h
zmq_libs := -lzmq
zmq_package := libzmq3-dev
nng_headers := nng/nng.h
nng_libs := -lnng
nng_package := libnng-dev
iceoryx_flags := -isystem /usr/include/iceoryx/v2.0.3
iceoryx_headers := iceoryx_binding_c/runtime.h
iceoryx_libs := -liceoryx_binding_c
iceoryx_package := iceoryx libiceoryx-binding-c-dev
capnp_headers := capnp/serialize.h
capnp_libs := -lcapnp -lkj -lstdc++
capnp_package := libcapnp-dev capnproto g++

peers_c := $(wildcard tests/bench/peers/*.c tests/bench/peers/*.c++)
peer_names := $(notdir $(basename $(peers_c)))
peers := $(if $(filter bench bench-%,$(goals)),$(foreach p,$(peer_names),$(if $(shell printf 'int main(void) { return 0; }\n' | \
	$(CC) $(CPPFLAGS) $($p_flags) $($p_headers:%=-include %) -x $(if $(wildcard tests/bench/peers/$p.c),c,c++) - \
	$(CFLAGS) $(LDFLAGS) $($p_libs) -o /dev/null >/dev/null 2>&1 && echo yes),$p)))
lost_peers := $(filter-out $(peers),$(peer_names))

$(B)/tests/bench/bench: $(call objects,$(bench_c)) $(bench_support) $(archives)
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -Wl,--as-needed $(adapter_libs) -lm

$(B)/tests/bench/libbench.a: $(call objects,$(bench_lib_c))

# Floors, and what its user adds, are told apart by their folder: an include from peers/ must name its own.
$(B)/tests/bench/peers/%.o: flags = -Iinclude -I. $($(notdir $*)_flags)
$(B)/tests/bench/peers/%.o: tests/bench/peers/%.c++ $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX $<)
	$(Q)$(CC) -x c++ -std=c++20 -D_GNU_SOURCE -Wall -Wextra -Iinclude -I. -MMD -MP $(CPPFLAGS) $(CFLAGS) -MF $(@:.o=.d) -c -o $@ $<

$(peer_names:%=$(B)/tests/bench/peers/%): $(B)/tests/bench/peers/%: $(B)/tests/bench/peers/%.o $(B)/tests/bench/peer.o \
		$(call objects,$(addprefix tests/bench/,run.c clock.c hist.c plan.c points.c outside.c)) $(bench_support)
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) $($*_libs)

bench_out := build/bench
bench_run = BENCH_PEERS='$(B)/tests/bench/peers' BENCH_CFLAGS='$(CFLAGS)' \
	BENCH_COMMIT="$$(git describe --always --dirty 2>/dev/null)" $(B)/tests/bench/bench
bench_words = QUICK='$(QUICK)' SMOKE='$(SMOKE)' ONLY='$(ONLY)' ROWS='$(ROWS)' WAITS='$(WAITS)' WORKS='$(WORKS)' AT='$(AT)' ROUNDS='$(ROUNDS)' PEERS='$(PEERS)'

# What other benchmarks there are; each prints its own target lines.
more_benches := $(filter-out $(BENCH_WITHOUT),bench-memory bench-structures bench-schema bench-rpc)

bench: bench-build
	@mkdir -p $(bench_out)
	$(foreach p,$(lost_peers),@echo 'left out: $p (apt-get install $($p_package), or make bench-deps)'$(newline))
	@rm -rf $(bench_out)/failed $(bench_out)/charts
	@{ $(bench_words) $(bench_run) run $(bench_out)/results.json || touch $(bench_out)/failed; } | tee $(bench_out)/results.txt
	+@for goal in $(if $(ONLY)$(ROWS)$(WAITS)$(WORKS)$(AT)$(SMOKE),,$(more_benches)); do \
		$(MAKE) -n $$goal >/dev/null 2>&1 || continue; \
		{ $(MAKE) -s QUICK='$(QUICK)' $$goal || touch $(bench_out)/failed; } | tee -a $(bench_out)/results.txt; \
	done
	@$(bench_run) charts $(bench_out)/results.json $(bench_out)/charts
	@if command -v gnuplot >/dev/null; then \
		cd $(bench_out)/charts && for f in *.gp; do gnuplot "$$f" || exit 1; done; echo 'charts: $(bench_out)/charts'; \
	else echo 'left out: charts (apt-get install gnuplot-nox, or make bench-deps)'; fi
	@echo; grep '^target ' $(bench_out)/results.txt; test ! -e $(bench_out)/failed

bench-build: $(B)/tests/bench/bench $(peers:%=$(B)/tests/bench/peers/%)

bench-compare: $(B)/tests/bench/bench
	@$(bench_run) compare '$(A)' '$(compared)'

bench-docs: $(B)/tests/bench/bench
	@docs/bench-refresh $(B)/tests/bench/bench $(bench_out)

bench-deps:
	@tests/install-needs $(sort gnuplot-nox $(foreach p,$(peer_names),$($p_package)))

# Beside uthash and khash: needs both.
$(B)/tests/bench/structures/structures: $(call objects,$(wildcard tests/bench/structures/*.c)) $(B)/librill.a
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $^

ifeq ($(filter-out $(found),uthash khash),)
bench-structures: $(B)/tests/bench/structures/structures
	@QUICK='$(QUICK)' $<
else
bench-structures:
	@echo 'left out: bench-structures (apt-get install $(uthash_package) $(khash_package))'
endif

# Structured messages beside libcapnp.
bench_schema := $(call objects,tests/bench/schema/bench.c tests/bench/schema/ours.c) $(B)/tests/bench/schema/theirs.o
$(B)/tests/bench/schema/%.o: flags = -Iinclude -I. -I$(gen)
$(B)/tests/bench/schema/ours.o: $(gen)/tests/bench/schema/bench.rill.h
$(B)/tests/bench/schema/theirs.o: tests/bench/schema/theirs.c++ $(gen)/tests/bench/schema/bench.capnp.h $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX $<)
	$(Q)$(capnp_cxx) -MF $(@:.o=.d) -c -o $@ $<

$(B)/tests/bench/schema/bench: $(bench_schema) $(gen)/tests/bench/schema/bench.rill.o $(gen)/tests/bench/schema/bench.capnp.o \
		$(B)/librill-schema.a
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcapnp -lkj -lstdc++

bench-schema: $(if $(libcapnp),$(B)/tests/bench/schema/bench)
	@$(if $(libcapnp),QUICK='$(QUICK)' $<,echo 'left out: bench-schema (apt-get install capnproto libcapnp-dev g++)')

# Calls and structured messages beside the channel's bytes.
$(B)/tests/bench/bench-rpc: $(call objects,$(wildcard tests/bench/rpc/*.c)) $(archives)
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

bench-rpc: $(B)/tests/bench/bench-rpc
	@QUICK='$(QUICK)' $<

# Beside it, in the same program, a jemalloc as others use it: another private copy, with its own defaults.
$(B)/tests/bench/memory/plain.o: $(B)/jemalloc/private.o
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-sym malloc=plain_jemalloc_malloc --redefine-sym free=plain_jemalloc_free \
		--keep-global-symbol=plain_jemalloc_malloc --keep-global-symbol=plain_jemalloc_free $(B)/jemalloc/whole.o $@

$(B)/tests/bench/memory/memory: $(B)/tests/bench/memory/memory.o $(B)/tests/bench/memory/plain.o \
		$(B)/librill-jemalloc.a $(B)/librill.a
	$(call say,LD $@)
	$(Q)$(ld) -o $@ $^ $(jemalloc_libs)

ifneq ($(filter jemalloc,$(found)),)
bench-memory: $(B)/tests/bench/memory/memory
	@$< $(if $(QUICK),3)
else
bench-memory:
	@echo 'left out: bench-memory (apt-get install $(jemalloc_package))'
endif

# ---- fuzz targets ---------------------------------------------------------------------------------------------------
# Their own builds, in which all of the library is instrumented: build/fuzz by clang's libFuzzer, build/afl by AFL++. The
# corpora are in build/fuzz/NAME.corpus. docs/fuzzing.md.

fuzz_targets := $(sort $(notdir $(basename $(wildcard tests/fuzz/*.c))))
fuzz_chosen := $(or $(filter $(ONLY),$(fuzz_targets)),$(if $(ONLY),,$(fuzz_targets)))
fuzz_c := $(core_c) $(schema_c) $(rpc_c) $(filter-out %/main.c,$(plugin_c)) tests/support/traverse.c tests/support/sample.c \
	$(filter-out %/replay.c %/afl.c,$(wildcard tests/fuzz/support/*.c))
fuzz_wrap := -Wl,--wrap=getrandom,--wrap=mmap,--wrap=munmap
fuzz_flags := -std=c11 -D_GNU_SOURCE -O1 -g -fno-sanitize-recover=all -Iinclude -Icore -I. -MMD -MP
SECONDS ?= 10
override SECONDS := $(if $(filter fuzz fuzz-afl,$(goals)),$(or $(T),$(SECONDS)),$(SECONDS))

build/fuzz/%: fuzz_cc = clang -fsanitize=fuzzer-no-link,address,undefined $(fuzz_flags)
build/afl/%: fuzz_cc = AFL_QUIET=1 afl-clang-fast -fsanitize=address,undefined $(fuzz_flags)

build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(fuzz_cc) -MF $(@:.o=.d) -c -o $@ $<

build/afl/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(fuzz_cc) -MF $(@:.o=.d) -c -o $@ $<

build/fuzz/librill.a: $(fuzz_c:%.c=build/fuzz/obj/%.o)
build/afl/librill.a: $(fuzz_c:%.c=build/afl/obj/%.o)
build/fuzz/librill.a build/afl/librill.a:
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(fuzz_targets:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o build/fuzz/librill.a
	$(call say,LD $@)
	$(Q)clang -fsanitize=fuzzer,address,undefined $(fuzz_wrap) -o $@ $^

$(fuzz_targets:%=build/afl/%): build/afl/%: build/afl/obj/tests/fuzz/%.o build/afl/obj/tests/fuzz/support/afl.o build/afl/librill.a
	$(call say,LD $@)
	$(Q)AFL_QUIET=1 afl-clang-fast -fsanitize=address,undefined $(fuzz_wrap) -Wl,-u,__wrap_mmap -o $@ $^
-include $(if $(filter fuzz fuzz-afl fuzz-build,$(goals)),$(shell find build/fuzz build/afl -name '*.d' 2>/dev/null))

# What a corpus begins with: the target's own first inputs, what was found before, requests as capnp makes them.
fuzz-seeds: $(fuzz_chosen:%=$(B)/tests/fuzz/%)
	@mkdir -p $(fuzz_chosen:%=build/fuzz/%.corpus)
	@set -e; for t in $(fuzz_chosen); do \
		$(B)/tests/fuzz/$$t --seeds build/fuzz/$$t.corpus; \
		for f in tests/fuzz/found/$$t/*; do [ ! -e "$$f" ] || cp "$$f" build/fuzz/$$t.corpus; done; \
	done
	$(if $(capnp),$(if $(filter schema_plugin,$(fuzz_chosen)),$(Q)for f in old shared; do \
		$(capnp) compile -Iinclude -I. -o- tests/generated/$$f.capnp >build/fuzz/schema_plugin.corpus/$$f; done))

fuzz: $(fuzz_chosen:%=build/fuzz/%) fuzz-seeds
	@tests/fuzz/run '$(SECONDS)' $(fuzz_chosen)

fuzz-afl: $(fuzz_chosen:%=build/afl/%) fuzz-seeds
	@tests/fuzz/run-afl '$(SECONDS)' $(fuzz_chosen)

# ---- install --------------------------------------------------------------------------------------------------------

BINDIR ?= $(PREFIX)/bin
headers := $(filter-out $(foreach p,$(filter-out $(adapters),$(optional)),include/rill/$p.h),$(wildcard include/rill/*.h include/rill/*.hpp))

install: $(archives) $(names:%=$(B)/%.so) $(B)/capnpc-rill
	install -d '$(DESTDIR)$(INCLUDEDIR)/rill' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(BINDIR)'
	install -m 644 $(headers) include/rill/rill.capnp '$(DESTDIR)$(INCLUDEDIR)/rill'
	install -m 755 $(B)/capnpc-rill '$(DESTDIR)$(BINDIR)'
	install -m 644 $(archives) '$(DESTDIR)$(LIBDIR)'
	set -e; for lib in $(names); do \
		install -m 755 $(B)/$$lib.so '$(DESTDIR)$(LIBDIR)'/$$lib.so.$(version); \
		ln -sf $$lib.so.$(version) '$(DESTDIR)$(LIBDIR)'/$$lib.so.$(soversion); \
		ln -sf $$lib.so.$(soversion) '$(DESTDIR)$(LIBDIR)'/$$lib.so; \
	done
	$(call pc,librill,Zero-copy IPC for programs that own their event loop,,)
	$(call pc,librill-schema,Cap'\''n Proto messages for C,,)
	$(call pc,librill-rpc,Cap'\''n Proto messages over Rill,librill = $(version)$(comma) librill-schema = $(version),)
	$(if $(filter jemalloc,$(adapters)),$(call pc,librill-jemalloc,jemalloc as the allocator of an arena of Rill,librill = $(version),$(jemalloc_libs)))
	$(foreach a,$(filter-out jemalloc,$(adapters)),$(call pc,librill-$a,Rill inside a program that runs on $a,librill = $(version),$($a_libs))$(newline))

# For tests, in a folder of the build. What is installed is there before: the make below builds nothing.
$(B)/staged: $(archives) $(names:%=$(B)/%.so) $(B)/capnpc-rill $(headers) include/rill/rill.capnp
	@rm -rf '$(staged)'
	+@$(MAKE) -s install DESTDIR='$(staged)' PREFIX=/opt/rill LIBDIR=/opt/rill/lib INCLUDEDIR=/opt/rill/include BINDIR=/opt/rill/bin >/dev/null
	@touch $@

define newline

	$(empty)
endef

# $(call pc,NAME,DESCRIPTION,REQUIRES,PRIVATE LIBS)
pc = printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR:$(PREFIX)/%=$${prefix}/%)' \
	'includedir=$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)' '' 'Name: $(1)' 'Description: $(2)' 'Version: $(version)' \
	$(if $(3),'Requires: $(3)') 'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -l$(1:lib%=%)' \
	$(if $(4),'Libs.private: $(4)') >'$(DESTDIR)$(LIBDIR)/pkgconfig/$(1).pc'

# ---- the rest -------------------------------------------------------------------------------------------------------

compile_commands.json: $(B)/compile_commands.json
	@ln -sf $(notdir $(B))/$(@F) build/$(@F)

everything := $(core_c) $(schema_c) $(filter-out %.rill.c,$(plugin_c)) $(adapters_c) $(wildcard tests/support/*.c tests/unit/*/*.c tests/contract/*.c tests/scenario/*.c \
	tests/fault/*.c tests/interop/*.c tests/soak/*.c $(if $(capnp),tests/generated/*.c) tests/bench/*.c tests/bench/*/*.c tests/fuzz/*.c tests/fuzz/support/*.c docs/snippets/*.c) $(foreign_c) tests/loops/notes.c $(loops:%=tests/loops/%.c) \
	$(demos:%=%.c) $(demos_c)
everything += $(rpc_c)
flags_of = $(if $(filter core/%,$(1)),-Iinclude -Icore,$(if $(filter adapters/% demos/% docs/%,$(1)),-Iinclude -I$(gen),\
	-Iinclude -Icore -I. -I$(gen))) $(have)
entry = {"directory":"$(CURDIR)","file":"$(1)","command":"$(CC) -std=c11 -D_GNU_SOURCE $(warnings) $(flags_of) -c $(1)"}

$(B)/compile_commands.json: FORCE
	@mkdir -p $(@D)
	@{ echo '['; printf '%s\n' $(foreach f,$(wildcard $(everything)),'$(call entry,$f),') | sed '$$s/,$$//'; echo ']'; } >$@

clean:
	rm -rf build

.PHONY: soak bench-memory bench-rpc all libs programs check check-all check-full lint model coverage proof-docs demos demo bench bench-build bench-compare bench-docs bench-deps bench-structures bench-schema fuzz fuzz-afl fuzz-seeds install compile_commands.json clean FORCE
