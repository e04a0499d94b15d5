# citusctl - "make help" lists what can be made.
#
# Variables: DEV=1 makes warnings errors; CC, CFLAGS, CPPFLAGS, LDFLAGS as usual;
# PREFIX, DESTDIR for install; BUILD is where objects go; ARGS="--keep" is passed
# on by "make demo"; TESTS="demo status" limits the integration tests; N and LAB are the
# hosts and the directory of "make lab"; V=1 shows commands.

SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
FUZZ_SECONDS ?= 60
LAB ?= $(BUILD)/lab
N ?= 4

# An ordinary build leaves the program in its source folder; others keep theirs apart.
PROGRAM := $(if $(filter build,$(BUILD)),citusctl/citusctl,$(BUILD)/bin/citusctl)
UNIT := $(BUILD)/unit-tests

# What pkg-config knows; the Debian packages are in tests/tools/packages.sh.
# Asked when first needed, so that "make help" and "make deps" work without any.
# Without hiredis, the library for Redis, the program is built too, and "demo --cache" says
# how to get it; HIREDIS= leaves it out.
LIBRARIES = libpq libcjson libssh libcrypto $(HIREDIS)
HIREDIS = $(eval HIREDIS := $$(shell pkg-config --exists hiredis 2>/dev/null && echo hiredis))$(HIREDIS)
LIB_CFLAGS = $(eval LIB_CFLAGS := $$(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null) $(if $(HIREDIS),-DHAVE_HIREDIS))$(LIB_CFLAGS)
LIB_LIBS = $(eval LIB_LIBS := $$(shell pkg-config --libs $(LIBRARIES) 2>/dev/null))$(LIB_LIBS)
CHECK_CFLAGS = $(eval CHECK_CFLAGS := $$(shell pkg-config --cflags check 2>/dev/null))$(CHECK_CFLAGS)
CHECK_LIBS = $(eval CHECK_LIBS := $$(shell pkg-config --libs check 2>/dev/null))$(CHECK_LIBS)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wformat=2 \
	$(if $(findstring clang,$(CC)),,-Wformat-signedness) -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wredundant-decls -Wvla -Wwrite-strings \
	$(if $(DEV),-Werror)
ifdef SANITIZE
HARDENING := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_LD := $(HARDENING)
else
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDENING_LD := -pie -Wl,-z,relro,-z,now
endif
COMPILE = $(CC) -std=c17 -D_POSIX_C_SOURCE=200809L -Icitusctl $(CFLAGS) $(WARNINGS) $(HARDENING) \
	$(LIB_CFLAGS) $(CPPFLAGS)
LINK = $(CC) $(CFLAGS) $(HARDENING_LD) $(LDFLAGS)

# A line for each file made, the whole command with V=1, nothing with -s.
ifndef V
Q := @
say = $(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),,@printf '  %-5s %s\n' '$(1)' '$@')
endif

SOURCES := $(sort $(wildcard citusctl/*.c citusctl/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/asset.o
ASSETS := $(sort $(filter-out %~ %.orig %.rej,$(wildcard templates/* host/* sql/*/*)))
TEST_SOURCES := $(sort $(wildcard tests/unit/*.c))
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/%.o)
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))

##@ Using it
all: $(PROGRAM) ## build citusctl/citusctl (the default)

demo: ## install what is missing, build, and run the demo on a throw-away local cluster
	@bash tests/tools/packages.sh build server
	@+$(MAKE) $(PARALLEL) all
	$(PROGRAM) demo $(ARGS)

install: all ## install the program below $(DESTDIR)$(PREFIX)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 0755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/citusctl"
	@if $(PROGRAM) completion >$(BUILD)/gen/completion.bash 2>/dev/null; then \
		set -x; \
		install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" && \
		install -m 0644 $(BUILD)/gen/completion.bash \
			"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/citusctl"; \
	fi

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/citusctl" \
		"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/citusctl"

##@ Testing it
check: ## install what is missing, build, and run lint, unit and integration tests
	@bash tests/tools/packages.sh build server test
	@bash tests/tools/packages.sh lint || echo "Lint steps whose tool is missing are skipped."
	@+$(MAKE) $(PARALLEL) all $(UNIT)
	@+$(RUN_TESTS) lint unit integration

check-unit: $(UNIT) ## run the unit tests (no server needed)
	@+$(RUN_TESTS) unit

check-integration: all ## run the integration tests on every engine this machine has
	@+$(RUN_TESTS) integration

lint: all ## check the sources without running them
	@+$(RUN_TESTS) lint

asan: ## unit and integration tests under AddressSanitizer and UBSan
	@+$(MAKE) $(PARALLEL) BUILD=build/asan SANITIZE=address,undefined CFLAGS="-O1 -g" sanitized

tsan: ## unit and integration tests under ThreadSanitizer
	@+$(MAKE) $(PARALLEL) BUILD=build/tsan SANITIZE=thread CFLAGS="-O1 -g" sanitized

sanitized: all $(UNIT)
	@+$(RUN_TESTS) unit integration

valgrind: $(UNIT) ## unit tests under valgrind
	CK_FORK=no valgrind --quiet --leak-check=full --error-exitcode=99 $(UNIT)

fuzz: ## run every fuzzer for FUZZ_SECONDS=60 (needs clang)
	@+$(MAKE) $(PARALLEL) BUILD=build/fuzz CC=clang SANITIZE=address,undefined CFLAGS="-O1 -g" \
		CPPFLAGS="$(CPPFLAGS) -fsanitize=fuzzer-no-link" run-fuzzers

run-fuzzers: $(FUZZERS:%=$(BUILD)/tests/fuzz/%)
	@for fuzzer in $(FUZZERS); do \
		corpus=$(BUILD)/corpus/$$fuzzer; mkdir -p "$$corpus" && \
		$(BUILD)/tests/fuzz/$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 \
			-artifact_prefix=$(BUILD)/$$fuzzer- "$$corpus" $$(ls -d tests/fuzz/corpus/$$fuzzer 2>/dev/null) \
			$$(ls tests/fuzz/$$fuzzer.dict 2>/dev/null | sed 's/^/-dict=/') || exit; \
	done

bench: all $(BUILD)/bench-planner ## measure, each figure as a ratio taken in one run
	@for script in $(filter-out %/lib.sh,$(wildcard tests/bench/*.sh)); do \
		CITUSCTL="$(abspath $(PROGRAM))" BUILD="$(BUILD)" bash "$$script" || exit; done

bench-scale: all ## measure how 1, 2 and 4 workers scale under the same small share of a processor each (root)
	@CITUSCTL="$(abspath $(PROGRAM))" bash tests/bench/scale/scale.sh

# One compiler a processor, unless -j says how many.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
RUN_TESTS = BUILD="$(BUILD)" CITUSCTL="$(abspath $(PROGRAM))" TESTS="$(TESTS)" bash tests/tools/run_tests.sh

lab: ## N=4 hosts on this machine, reached by SSH, to try things on (as root)
	@bash tests/tools/packages.sh lab
	@bash tests/lab/lab.sh up "$(LAB)" "$(N)"

lab-down: ## remove them
	@bash tests/lab/lab.sh down "$(LAB)"

##@ Working on it
deps: ## install the Debian packages that building and testing need
	@bash tests/tools/packages.sh build server test lint lab

format: ## reformat the C sources (clang-format 14)
	clang-format-14 -i $(shell find citusctl tests -name '*.[ch]')

clean: ## remove everything that make made
	rm -rf build citusctl/citusctl

help: ## this list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s:\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

# ---- how things are made ----------------------------------------------------

$(PROGRAM): $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $(OBJECTS) $(LIB_LIBS) -lpthread -lm

# All but main(); an archive, so that a fake under tests/unit/ takes the place of
# the object that it stands for.
$(BUILD)/libcitusctl.a: $(filter-out $(BUILD)/citusctl/main.o,$(OBJECTS))
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(UNIT): $(TEST_OBJECTS) $(BUILD)/libcitusctl.a
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $(TEST_OBJECTS) $(BUILD)/libcitusctl.a $(CHECK_LIBS) $(LIB_LIBS) -lpthread -lm

$(BUILD)/bench-planner: tests/bench/planner.c tests/bench/greedy.c tests/bench/greedy.h $(BUILD)/libcitusctl.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -o $@ $(filter %.c %.a,$^) $(LIB_LIBS) -lpthread -lm

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(BUILD)/libcitusctl.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Wno-missing-prototypes -MMD -MP -MF $@.d -fsanitize=fuzzer -o $@ $< \
		$(BUILD)/libcitusctl.a $(LIB_LIBS) -lpthread -lm

$(BUILD)/tests/unit/%.o: tests/unit/%.c $(BUILD)/flags $(BUILD)/gen/suites.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Wno-missing-prototypes -I$(BUILD)/gen $(CHECK_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# What lint compiles and looks into, one file at a time and only what has changed.
lint-objects: $(OBJECTS) $(TEST_OBJECTS)

lint-tidy: $(SOURCES:%.c=$(BUILD)/%.tidy)

$(BUILD)/%.tidy: %.c $(BUILD)/%.o .clang-tidy
	$(Q)clang-tidy --quiet $< -- $(filter-out $(CC),$(COMPILE)) >$@.out 2>/dev/null && mv $@.out $@ || \
		{ grep -E ': (error|warning): ' $@.out; exit 1; }

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(call say,CC)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/gen/asset.c: $(ASSETS) citusctl/io/embed.awk $(BUILD)/gen/assets.list
	$(call say,AWK)
	$(Q)LC_ALL=C awk -f citusctl/io/embed.awk $(ASSETS) >$@

# A suite is found by its function's name, so that no test can be forgotten.
$(BUILD)/gen/suites.h: $(TEST_SOURCES) $(BUILD)/gen/tests.list
	@sed -n 's/^\(Suite \*\)\{0,1\}\([a-z0-9_]*_suite\)(void)\( {\)\{0,1\}$$/SUITE(\2)/p' $(TEST_SOURCES) >$@

# Changed only when what they say changes: the compiler and its flags, the lists of files.
$(BUILD)/flags: FORCE
	@CC="$(firstword $(CC))" bash tests/tools/packages.sh --check build
	@$(call REPLACE_IF_CHANGED,$(COMPILE) $(LINK))

$(BUILD)/gen/assets.list: FORCE
	@$(call REPLACE_IF_CHANGED,$(ASSETS))

$(BUILD)/gen/tests.list: FORCE
	@$(call REPLACE_IF_CHANGED,$(TEST_SOURCES))

define REPLACE_IF_CHANGED
mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@
endef

FORCE:

.PHONY: all demo install uninstall check check-unit check-integration lint asan tsan sanitized \
	valgrind fuzz run-fuzzers lab lab-down lint-objects lint-tidy bench bench-scale deps format clean help FORCE

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(FUZZERS:%=$(BUILD)/tests/fuzz/%.d)
