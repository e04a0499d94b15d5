#include <check.h>
#include <math.h>
#include <string.h>

#include "ops/move_estimate.h"

static const MoveRates assumed = {.fixed_s = 0.5, .s_per_byte = 1 / 40e6};

/* Before anything was measured the assumption is all there is. */
START_TEST(test_assumed)
{
	const MoveSample ahead[] = {{.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}};
	MoveRates rates = estimate_rates(ahead, 4, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, ahead, 4, 1), 6, 1e-6);
	ck_assert_double_eq_tol(estimate_run(rates, ahead, 4, 2), 3, 1e-6);
	ck_assert_double_eq_tol(estimate_run(rates, ahead, 4, 8), 1.5, 1e-6);
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

	MoveRates rates = estimate_rates(samples, 20, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 20, 1), 18 * 15, 0.1 * 18 * 15);
}
END_TEST

/* Large and small ones: the fixed part and the rate are told apart. */
START_TEST(test_two_parts)
{
	const MoveSample samples[] = {
		{.bytes = 1e6, .seconds = 2.1, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 100e6, .seconds = 12, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 50e6, .seconds = 7, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 1000e6},
	};
	MoveRates rates = estimate_rates(samples, 4, assumed);

	ck_assert_double_eq_tol(estimate_left(rates, &samples[3]), 102, 15);
}
END_TEST

/* A move that is half done tells as much as one that is done. */
START_TEST(test_running)
{
	const MoveSample samples[] = {
		{.bytes = 1e9, .seconds = 100, .fraction = 0.5, .stage = SAMPLE_COPYING},
		{.bytes = 1e9},
	};
	MoveRates rates = estimate_rates(samples, 2, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(estimate_left(rates, &samples[0]), 100, 15);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 2, 1), 300, 45);
}
END_TEST

/* Waits for a target are no work: they are learned apart, and not of the first one. */
START_TEST(test_waits)
{
	MoveRates waits = assumed;
	const MoveSample samples[] = {
		{.bytes = 40e6, .seconds = 1.5, .fraction = 1, .stage = SAMPLE_DONE, .is_first = true},
		{.bytes = 40e6, .seconds = 11.5, .waited_s = 10, .fraction = 1, .stage = SAMPLE_DONE},
		{.bytes = 40e6, .seconds = 5, .waited_s = 4, .fraction = 0.9, .stage = SAMPLE_WAITING},
		{.bytes = 40e6},
	};

	waits.wait_s = 5;

	MoveRates rates = estimate_rates(samples, 4, waits);

	ck_assert_double_eq_tol(rates.wait_s, 10, 1);
	ck_assert_double_eq_tol(estimate_left(rates, &samples[2]), 6, 1.1);
	ck_assert_double_eq_tol(estimate_left(rates, &samples[3]), 11.5, 1);

	/* Only the first is known: what is assumed of the others holds. */
	rates = estimate_rates(samples, 1, waits);
	ck_assert_double_eq_tol(rates.wait_s, 5, 1e-6);
}
END_TEST

/* A move that was given up has nothing left and tells nothing. */
START_TEST(test_given_up)
{
	const MoveSample samples[] = {{.bytes = 1e9, .stage = SAMPLE_GIVEN_UP}, {.bytes = 40e6}};
	MoveRates rates = estimate_rates(samples, 2, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 2, 2), 1.5, 1e-6);
}
END_TEST

/* ---- whole runs ---------------------------------------------------------------- */

/* How moves really are, which the estimate is not told. */
typedef struct World {
	size_t count, jobs;
	double (*size)(size_t move);
	double set_up_s, bytes_per_s, rest_s, rest_share; /* rest_share: seconds for each of the copy */
	double wait_s;                                    /* of all moves but the first */
	double assumed_wait_s;
	double noise; /* of each move's rate */
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

static double work_of(const World *w, size_t move, double *copy)
{
	*copy = w->size(move) / w->bytes_per_s / factor(move, w->noise);
	return w->set_up_s + *copy * (1 + w->rest_share) + w->rest_s;
}

/* One move at the time t of the move; false: it is over. */
static bool look(const World *w, size_t move, double t, MoveSample *s)
{
	double copy = 0;
	double work = work_of(w, move, &copy);
	double wait = s->is_first ? 0 : w->wait_s;
	double copied = w->set_up_s + copy;
	double weight = 1 / 1.1; /* what the mover takes for the copy's share */

	s->seconds = t;
	s->waited_s = fmin(fmax(t - copied, 0), wait);
	if (t < copied) {
		s->stage = SAMPLE_COPYING;
		s->fraction = weight * fmax(t - w->set_up_s, 0) / copy;
	} else {
		s->stage = t < copied + wait ? SAMPLE_WAITING : SAMPLE_FINISHING;
		s->fraction = weight + (1 - weight) * (t < copied + wait ? 0.1 : 0.5);
	}
	return t < work + wait;
}

/* Plays it and returns how long it takes; *estimate is what was said at a tenth of the bytes. */
static double play(const World *w, double *estimate)
{
	MoveSample samples[200] = {{.bytes = 0}};
	double began[200] = {0};
	MoveRates start = assumed;
	size_t next = 0;
	size_t running = 0;
	size_t done = 0;
	double all = 0;
	double t = 0;

	start.wait_s = w->assumed_wait_s;
	*estimate = 0;
	for (size_t i = 0; i < w->count; i++)
		all += samples[i].bytes = w->size(i);
	for (; done < w->count; t += 0.2) {
		double bytes = 0;

		for (size_t i = 0; i < next; i++) {
			if (samples[i].stage != SAMPLE_DONE && !look(w, i, t - began[i], &samples[i])) {
				samples[i].stage = SAMPLE_DONE;
				samples[i].fraction = 1;
				running--;
				done++;
			}
		}
		while (running < w->jobs && next < w->count) {
			samples[next].stage = SAMPLE_COPYING;
			samples[next].is_first = next == 0;
			began[next++] = t;
			running++;
		}
		for (size_t i = 0; i < next; i++)
			bytes += samples[i].fraction * samples[i].bytes;
		if (*estimate <= 0 && bytes >= 0.1 * all)
			*estimate = t + estimate_run(estimate_rates(samples, w->count, start), samples, w->count, w->jobs);
	}
	return t;
}

static const World worlds[] = {
	/* Small ones that wait each for the next stream, one and four at a time. */
	{11, 1, one_size, 0.2, 50e6, 0.2, 0.05, 5, 5, 0.1},
	{100, 4, one_size, 0.2, 15e6, 0.2, 0.05, 5, 5, 0.1},
	/* The same where the wait turns out to be none: the first waits prove it. */
	{150, 2, one_size, 0.3, 40e6, 0.2, 0.05, 0, 0, 0.1},
	/* Large ones on a slow machine, with as much work on indexes as on the copy. */
	{20, 2, large, 0.3, 20e6, 0.3, 0.15, 0, 0, 0.1},
	{12, 4, large, 1, 8e6, 3, 0.1, 5, 5, 0.2},
	/* All sizes. */
	{60, 2, mixed, 1, 30e6, 0.5, 0.1, 0, 0, 0.2},
	{40, 1, mixed, 0.3, 60e6, 0.3, 0.1, 5, 5, 0.2},
};

START_TEST(test_at_a_tenth)
{
	double said = 0;
	double truth = play(&worlds[_i], &said);

	ck_assert_double_ge(truth, 50);
	ck_assert_msg(fabs(said - truth) <= 0.25 * truth, "run %d: said %.1f s, took %.1f s", _i, said, truth);
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
	suite_add_tcase(suite, tests);
	return suite;
}
