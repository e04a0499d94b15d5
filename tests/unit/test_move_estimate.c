#include <check.h>
#include <math.h>
#include <string.h>

#include "ops/move_estimate.h"

static const MoveRates assumed = {.fixed_s = 0.5, .s_per_byte = 1 / 40e6};

static MoveRates rates_of(MoveSample samples[], size_t count, MoveRates start)
{
	return estimate_rates(&(const MoveSamples) {.items = samples, .count = count}, start);
}

static double left_of(MoveRates rates, MoveSample samples[], size_t count, size_t move, double now)
{
	return estimate_left(rates, &(const MoveSamples) {.items = samples, .count = count, .now_s = now}, move);
}

static double run_of(MoveRates rates, MoveSample samples[], size_t count, size_t jobs, double now)
{
	return estimate_run(rates, &(const MoveSamples) {.items = samples, .count = count, .now_s = now}, jobs);
}

/* Before anything was measured the assumption is all there is. */
START_TEST(test_assumed)
{
	MoveSample ahead[] = {{.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}};
	MoveRates rates = rates_of(ahead, 4, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(run_of(rates, ahead, 4, 1, 0), 6, 1e-6);
	ck_assert_double_eq_tol(run_of(rates, ahead, 4, 2, 0), 3, 1e-6);
	ck_assert_double_eq_tol(run_of(rates, ahead, 4, 8, 0), 1.5, 1e-6);
}
END_TEST

/* Moves ten times slower than assumed: two that are done are enough to see it. */
START_TEST(test_measured)
{
	MoveSample samples[20] = {{.bytes = 0}};

	for (int i = 0; i < 20; i++)
		samples[i].bytes = 40e6;
	for (int i = 0; i < 2; i++)
		samples[i] = (MoveSample) {.bytes = 40e6, .seconds = 15, .fraction = 1, .stage = SAMPLE_DONE};

	MoveRates rates = rates_of(samples, 20, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(run_of(rates, samples, 20, 1, 30), 18 * 15, 0.1 * 18 * 15);
}
END_TEST

/* Large and small ones: the fixed part and the rate are told apart. */
START_TEST(test_two_parts)
{
	MoveSample samples[] = {
		{.bytes = 1e6, .seconds = 2.1, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 100e6, .seconds = 12, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 50e6, .seconds = 7, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 1000e6},
	};
	MoveRates rates = rates_of(samples, 4, assumed);

	ck_assert_double_eq_tol(left_of(rates, samples, 4, 3, 21), 102, 15);
}
END_TEST

/* A move that is half done tells as much as one that is done. */
START_TEST(test_running)
{
	MoveSample samples[] = {
		{.bytes = 1e9, .seconds = 100, .fraction = 0.5, .stage = SAMPLE_COPYING},
		{.bytes = 1e9},
	};
	MoveRates rates = rates_of(samples, 2, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(left_of(rates, samples, 2, 0, 100), 100, 15);
	ck_assert_double_eq_tol(run_of(rates, samples, 2, 1, 100), 300, 45);
}
END_TEST

/* Who has to wait for a stream: those that come to a node sooner than five seconds after the last one. */
START_TEST(test_waits)
{
	MoveRates waits = assumed;
	MoveSample samples[] = {
		{.bytes = 40e6, .target = 1, .seconds = 1.5, .streamed_s = 1.5, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 40e6, .target = 1, .seconds = 11.5, .waited_s = 10, .streamed_s = 13, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 40e6, .target = 1, .seconds = 5, .waited_s = 4, .fraction = 0.9, .stage = SAMPLE_WAITING},
		{.bytes = 40e6, .target = 1},
		{.bytes = 40e6, .target = 2},
	};

	waits.retry_s = waits.wait_s = 5;

	/* One wait was over after ten seconds: that is what the next will be like. */
	MoveRates rates = rates_of(samples, 5, waits);

	ck_assert_double_eq_tol(rates.wait_s, 8.3, 0.1);
	ck_assert_double_eq_tol(left_of(rates, samples, 5, 2, 17), 4.5, 1);
	ck_assert_double_eq_tol(left_of(rates, samples, 5, 3, 14), 1.5 + 8.3, 0.5);
	ck_assert_double_eq_tol(left_of(rates, samples, 5, 4, 14), 1.5, 0.5);
	ck_assert_double_eq_tol(left_of(rates, samples, 5, 3, 20), 1.5, 0.5);

	/* Without an interval all of it is work. */
	rates = rates_of(samples, 2, assumed);
	ck_assert_double_eq_tol(left_of(rates, samples, 5, 3, 17), 6, 1);
}
END_TEST

/* A move that was given up has nothing left and tells nothing. */
START_TEST(test_given_up)
{
	MoveSample samples[] = {{.bytes = 1e9, .stage = SAMPLE_GIVEN_UP}, {.bytes = 40e6}};
	MoveRates rates = rates_of(samples, 2, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(run_of(rates, samples, 2, 2, 0), 1.5, 1e-6);
}
END_TEST

/* ---- whole runs ---------------------------------------------------------------- */

/* How moves really are, which the estimate is not told. */
typedef struct World {
	size_t count, jobs, targets;
	double (*size)(size_t move);
	double set_up_s, bytes_per_s, rest_s, rest_share; /* rest_share: seconds for each of the copy */
	double retry_s;                                   /* between streams to a target */
	double noise;                                     /* of each move's rate */
} World;

static double one_size(size_t move)
{
	(void) move;
	return 27e6;
}

static double large(size_t move)
{
	(void) move;
	return 1e9;
}

/* Some twenty times the size of others. */
static double mixed(size_t move)
{
	return move % 5 == 0 ? 400e6 : move % 5 == 1 ? 100e6 : 20e6 * (double) (1 + move % 3);
}

/* 0.5 .. 1.5, the same each time. */
static double factor(size_t move, double noise)
{
	return 1 + noise * sin((double) move * 12.9898 + 1);
}

/* A move that has begun: the times of its phases, of the run's. */
typedef struct Run {
	double began, copy, copied, streamed, end;
} Run;

static Run begin(const World *w, size_t move, double t, double last[])
{
	double copy = w->size(move) / w->bytes_per_s / factor(move, w->noise);
	Run run = {.began = t, .copy = t + w->set_up_s, .copied = t + w->set_up_s + copy};
	double *stream = &last[move % w->targets];

	run.streamed = run.copied + (*stream > 0 && run.copied - *stream < w->retry_s ? w->retry_s : 0);
	run.end = run.streamed + w->rest_s + w->rest_share * copy;
	*stream = run.streamed;
	return run;
}

/* What the mover sees of a move at the time. */
static void look(const Run *run, double t, MoveSample *s)
{
	double weight = 1 / 1.1; /* that it gives to the copy */
	double rest = t < run->streamed ? 0.1 : 0.5;

	s->seconds = fmin(t, run->end) - run->began;
	s->waited_s = fmin(fmax(t - run->copied, 0), run->streamed - run->copied);
	s->stage = t < run->copied ? SAMPLE_COPYING : t < run->streamed ? SAMPLE_WAITING : SAMPLE_FINISHING;
	s->fraction = t < run->copied ? weight * fmax(t - run->copy, 0) / (run->copied - run->copy) : weight + (1 - weight) * rest;
	if (t >= run->streamed && s->streamed_s <= 0)
		s->streamed_s = t;
	if (t >= run->end) {
		s->stage = SAMPLE_DONE;
		s->fraction = 1;
	}
}

/* What is said at the time, once a tenth of the bytes is there; 0 before. */
static double say(MoveSample samples[], size_t count, size_t jobs, double retry_s, double t)
{
	MoveRates start = assumed;
	double all = 0;
	double bytes = 0;

	start.retry_s = start.wait_s = retry_s;
	for (size_t i = 0; i < count; i++) {
		all += samples[i].bytes;
		bytes += samples[i].fraction * samples[i].bytes;
	}
	return bytes >= 0.1 * all ? t + run_of(rates_of(samples, count, start), samples, count, jobs, t) : 0;
}

#define MOVES_MAX 200
#define TICK_S 0.2

/* Plays it and returns how long it takes; *estimate is what was said at a tenth of the bytes. */
static double play(const World *w, double *estimate)
{
	MoveSample samples[MOVES_MAX] = {{.bytes = 0}};
	Run runs[MOVES_MAX] = {{.began = 0}};
	double last[8] = {0};
	size_t next = 0;
	size_t done = 0;
	double t = 0;

	*estimate = 0;
	for (size_t i = 0; i < w->count; i++)
		samples[i] = (MoveSample) {.bytes = w->size(i), .target = i % w->targets};
	for (int tick = 0; done < w->count; tick++) {
		t = tick * TICK_S;
		done = 0;
		for (size_t i = 0; i < next; i++) {
			look(&runs[i], t, &samples[i]);
			done += samples[i].stage == SAMPLE_DONE ? 1 : 0;
		}
		for (; next - done < w->jobs && next < w->count; next++) {
			runs[next] = begin(w, next, t, last);
			look(&runs[next], t, &samples[next]);
		}
		if (*estimate <= 0)
			*estimate = say(samples, w->count, w->jobs, w->retry_s, t);
	}
	return t;
}

static const World worlds[] = {
	/* Small ones that wait for each other's streams: all, every other, four at a time. */
	{11, 1, 1, one_size, 0.2, 50e6, 0.2, 0.05, 5, 0.1},
	{24, 1, 2, one_size, 0.2, 50e6, 0.2, 0.05, 5, 0.1},
	{100, 4, 2, one_size, 0.2, 15e6, 0.2, 0.05, 5, 0.1},
	/* The same where nobody waits. */
	{150, 2, 1, one_size, 0.3, 40e6, 0.2, 0.05, 0, 0.1},
	/* Large ones on a slow machine. */
	{20, 2, 1, large, 0.3, 20e6, 0.3, 0.15, 0, 0.1},
	{12, 4, 3, large, 1, 8e6, 3, 0.1, 5, 0.2},
	/* All sizes. */
	{60, 2, 2, mixed, 1, 30e6, 0.5, 0.1, 0, 0.2},
	{40, 1, 1, mixed, 0.3, 60e6, 0.3, 0.1, 5, 0.2},
};

START_TEST(test_at_a_tenth)
{
	double said = 0;
	double truth = play(&worlds[_i], &said);

	ck_assert_double_ge(truth, 50);
	ck_assert_msg(fabs(said - truth) <= 0.25 * truth, "run %d: said %.1f s, took %.1f s", _i, said, truth);
}
END_TEST

/* ---- runs that were recorded ------------------------------------------------------- */

typedef struct Recorded {
	size_t target;
	double bytes;
	Run run;
} Recorded;

/* Citus 13.2 on PostgreSQL 15, wal_retrieve_retry_interval 5 s, a node drained to two others: one at a time. */
static const Recorded one_at_a_time[] = {
	{0, 2261e3, {0.02, 0.09, 0.25, 0.28, 0.33}}, {0, 2236e3, {0.33, 0.48, 0.83, 5.67, 5.75}},
	{1, 2187e3, {5.75, 5.92, 6.30, 6.33, 6.38}}, {0, 2130e3, {6.38, 6.53, 6.89, 11.88, 11.93}},
	{1, 2073e3, {11.93, 12.02, 12.23, 12.26, 12.31}}, {0, 2064e3, {12.31, 12.38, 12.54, 17.59, 17.64}},
	{1, 2056e3, {17.64, 17.77, 18.05, 18.08, 18.13}}, {0, 2056e3, {18.13, 18.27, 18.58, 23.57, 23.62}},
	{1, 2048e3, {23.62, 23.72, 23.95, 23.98, 24.03}}, {0, 2015e3, {24.03, 24.20, 24.62, 29.45, 29.46}},
	{1, 1876e3, {29.46, 29.58, 29.84, 29.86, 29.95}}, {0, 1876e3, {29.95, 30.04, 30.25, 35.37, 35.42}},
	{1, 1876e3, {35.42, 35.56, 35.88, 35.90, 35.99}}, {0, 1851e3, {35.99, 36.08, 36.31, 41.46, 41.51}},
	{1, 1819e3, {41.52, 41.71, 42.18, 42.21, 42.26}}, {0, 1794e3, {42.26, 42.41, 42.75, 47.87, 47.92}},
	{1, 1769e3, {47.92, 48.05, 48.38, 48.47, 48.52}}, {0, 1704e3, {48.52, 48.72, 49.18, 54.02, 54.07}},
	{1, 1704e3, {54.07, 54.22, 54.57, 54.60, 54.65}}, {0, 1688e3, {54.65, 54.82, 55.23, 60.22, 60.27}},
	{1, 1638e3, {60.27, 60.45, 60.87, 60.89, 60.94}}, {0, 1630e3, {60.94, 61.17, 61.69, 66.60, 66.65}},
	{1, 1622e3, {66.65, 66.90, 67.47, 67.49, 67.57}}, {1, 1614e3, {67.57, 67.79, 68.29, 73.26, 73.31}},
};

/* Two at a time. */
static const Recorded two_at_a_time[] = {
	{1, 1450e3, {0.03, 0.18, 0.51, 0.58, 0.63}}, {1, 1368e3, {0.05, 0.33, 0.96, 6.57, 6.64}},
	{0, 1294e3, {0.63, 0.73, 0.96, 1.03, 1.08}}, {1, 1270e3, {1.08, 1.27, 1.72, 6.57, 6.65}},
	{0, 1270e3, {6.64, 6.80, 7.17, 7.20, 7.25}}, {1, 1262e3, {6.65, 6.87, 7.37, 12.20, 12.29}},
	{0, 1262e3, {7.25, 7.41, 7.77, 12.72, 12.77}}, {1, 1253e3, {12.29, 12.51, 13.02, 17.84, 18.03}},
	{0, 1253e3, {12.77, 12.96, 13.40, 18.27, 18.38}}, {1, 1212e3, {18.03, 18.33, 19.05, 23.91, 24.06}},
	{0, 1196e3, {18.38, 18.58, 19.05, 24.06, 24.11}}, {1, 1188e3, {24.06, 24.26, 24.72, 29.97, 30.00}},
	{0, 1188e3, {24.11, 24.42, 25.15, 30.12, 30.17}}, {1, 1188e3, {30.00, 30.35, 31.15, 35.87, 35.92}},
	{0, 1171e3, {30.17, 30.46, 31.15, 36.04, 36.09}}, {1, 1163e3, {35.92, 36.06, 36.38, 45.42, 45.47}},
	{0, 1139e3, {36.09, 36.29, 36.78, 45.07, 45.12}}, {1, 1130e3, {45.12, 45.40, 46.03, 50.91, 50.96}},
	{0, 1122e3, {45.47, 45.76, 46.43, 51.18, 51.23}}, {1, 1114e3, {50.96, 51.05, 51.26, 56.23, 56.28}},
	{0, 1114e3, {51.23, 51.36, 51.67, 56.57, 56.62}}, {1, 1114e3, {56.28, 56.35, 56.50, 61.56, 61.61}},
	{0, 1090e3, {56.62, 56.70, 56.90, 61.99, 62.04}}, {1, 1057e3, {61.61, 61.78, 62.18, 67.09, 67.14}},
	{0, 1024e3, {62.04, 62.20, 62.56, 67.50, 67.55}}, {1, 1016e3, {67.14, 67.34, 67.79, 72.61, 72.62}},
	{0, 1016e3, {67.55, 67.74, 68.18, 72.83, 72.88}}, {1, 1008e3, {72.62, 72.74, 73.02, 77.84, 77.85}},
	{0, 1008e3, {72.88, 73.04, 73.42, 78.07, 78.12}}, {1, 1008e3, {77.85, 77.97, 78.24, 83.08, 83.12}},
	{0, 983e3, {78.12, 78.27, 78.65, 83.39, 83.44}}, {1, 975e3, {83.12, 83.23, 83.50, 88.47, 88.52}},
	{0, 975e3, {83.44, 83.58, 83.89, 88.90, 88.95}}, {1, 958e3, {88.52, 88.72, 89.17, 93.90, 93.95}},
	{0, 958e3, {88.95, 89.13, 89.53, 94.45, 94.50}}, {1, 942e3, {93.95, 94.07, 94.36, 99.40, 99.45}},
	{0, 926e3, {94.50, 94.70, 95.17, 99.90, 99.95}}, {1, 926e3, {99.45, 99.61, 99.99, 104.76, 104.81}},
	{0, 926e3, {99.95, 100.08, 100.39, 105.30, 105.35}}, {1, 877e3, {104.81, 104.94, 105.23, 110.24, 110.29}},
	{0, 877e3, {105.35, 105.56, 106.03, 110.80, 110.85}}, {1, 827e3, {110.29, 110.46, 110.86, 115.75, 115.80}},
	{0, 786e3, {110.85, 110.98, 111.27, 116.25, 116.30}},
};

static double replay(const Recorded moves[], size_t count, size_t jobs)
{
	MoveSample samples[MOVES_MAX] = {{.bytes = 0}};
	double said = 0;

	for (size_t i = 0; i < count; i++)
		samples[i] = (MoveSample) {.bytes = moves[i].bytes, .target = moves[i].target};
	for (int tick = 0; said <= 0; tick++) {
		double t = tick * TICK_S;

		for (size_t i = 0; i < count; i++)
			if (t >= moves[i].run.began)
				look(&moves[i].run, t, &samples[i]);
		said = say(samples, count, jobs, 5, t);
	}
	return said;
}

START_TEST(test_recorded)
{
	ck_assert_double_eq_tol(replay(one_at_a_time, sizeof(one_at_a_time) / sizeof(one_at_a_time[0]), 1), 73.3, 0.25 * 73.3);
	ck_assert_double_eq_tol(replay(two_at_a_time, sizeof(two_at_a_time) / sizeof(two_at_a_time[0]), 2), 116.3, 0.25 * 116.3);
}
END_TEST

Suite *move_estimate_suite(void)
{
	Suite *suite = suite_create("move_estimate");
	TCase *tests = tcase_create("move_estimate");

	tcase_add_test(tests, test_assumed);
	tcase_add_test(tests, test_measured);
	tcase_add_test(tests, test_two_parts);
	tcase_add_test(tests, test_running);
	tcase_add_test(tests, test_waits);
	tcase_add_test(tests, test_given_up);
	tcase_add_loop_test(tests, test_at_a_tenth, 0, sizeof(worlds) / sizeof(worlds[0]));
	tcase_add_test(tests, test_recorded);
	suite_add_tcase(suite, tests);
	return suite;
}
