# neuroenc: `make && make install` builds into the PostgreSQL of pg_config;
# check, demo, bench, fuzz and lint prepare everything themselves (test/run).

EXTENSION = neuroenc
EXTVERSION = 0.1.0
MODULE_big = neuroenc

# Rooms in the order they stand on one another (a wildcard would be alphabetical).
ROOMS = base linalg tensor voxel stats encoding similarity clustering search
OBJS = src/module.o $(foreach room,$(ROOMS),$(patsubst %.c,%.o,$(sort $(wildcard src/$(room)/*.c))))
ROOM_SQL = $(foreach room,$(ROOMS),$(sort $(wildcard src/$(room)/*.sql)))

DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA = $(filter-out $(DATA_built),$(wildcard sql/$(EXTENSION)--*--*.sql))
REGRESS = $(filter-out $(EXTENSION)--%,$(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql))))
EXTRA_CLEAN = $(DATA_built) $(OBJS:.o=.d)

PG_CPPFLAGS = -Isrc -DNEUROENC_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -MMD -MP
SHLIB_LINK = -lm -lz -lpthread -ldl -Wl,-Bsymbolic

PREPARED = check demo bench fuzz lint

ifneq (,$(filter $(PREPARED) asan valgrind reference,$(MAKECMDGOALS)))

.PHONY: $(PREPARED) asan valgrind reference
$(PREPARED):
	@test/run $@ $(STAGES)

# regress and fuzz in a server that runs AddressSanitizer and UndefinedBehaviorSanitizer
asan:
	@SANITIZE=1 test/run check regress fuzz

# regress (STAGES= names others) in a server that runs under valgrind's memcheck
valgrind:
	@VALGRIND=1 test/run check $(or $(STAGES),regress)

# docs/reference from the comments in src/*/*.sql
reference:
	@/usr/bin/python3 test/reference

else

override with_llvm := no
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(wildcard $(PGXS)))
$(error $(PG_CONFIG) leads to no PGXS: install postgresql-server-dev-15, or name the server by PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)
# After PGXS, so that it is the -O that counts.  No flag that changes IEEE results.
# -fopenmp-simd only reads "omp simd" pragmas (reductions that may be reordered); no runtime.
override CFLAGS += -O3 -fno-math-errno -fno-trapping-math -fopenmp-simd $(NEUROENC_CFLAGS)

$(DATA_built): $(ROOM_SQL) Makefile
	@mkdir -p sql
	@printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit' > $@
	cat $(ROOM_SQL) >> $@

# What each object includes, as the compiler wrote it (-MMD).
-include $(OBJS:.o=.d)

endif
