#include "cli/rebalance_progress.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/json.h"
#include "util/str.h"

/* Plain lines: how often the totals are said. */
#define SAY_EVERY_S 10

#define BAR_WIDTH 20

RebalanceScreen rebalance_screen(const Globals *globals)
{
	const char *term = getenv("TERM");

	return (RebalanceScreen) {
		.globals = globals,
		.live = !globals->json && !globals->quiet && isatty(STDERR_FILENO) != 0 &&
		        (term == NULL || strcmp(term, "dumb") != 0),
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}

/* "8 s", "3 min 20 s", "2 h 5 min" */
static const char *duration(Arena *arena, double seconds)
{
	int64_t s = (int64_t) (seconds + 0.5);

	if (s < 60)
		return arena_printf(arena, "%lld s", (long long) s);
	if (s < 3600)
		return arena_printf(arena, "%lld min %lld s", (long long) (s / 60), (long long) (s % 60));
	return arena_printf(arena, "%lld h %lld min", (long long) (s / 3600), (long long) (s % 3600 / 60));
}

static const char *rate(Arena *arena, double bytes_per_s)
{
	return bytes_per_s > 0 ? arena_printf(arena, "%s/s", output_bytes(arena, (int64_t) bytes_per_s)) : "";
}

static const char *eta(Arena *arena, double seconds)
{
	return seconds >= 0 ? arena_printf(arena, "about %s left", duration(arena, seconds)) : "time left not known yet";
}

static const char *move_name(Arena *arena, const RebalanceScreen *screen, const RebalanceMove *move)
{
	return arena_printf(arena, "%lld  %s %s %s", (long long) move->group->id, move->from->name,
	                    screen->utf8 ? "\u2192" : "->", move->to->name);
}

static const char *bar(Arena *arena, const RebalanceScreen *screen, double share)
{
	Str text = STR_INIT;
	int full = (int) (share * BAR_WIDTH + 0.5);

	for (int i = 0; i < BAR_WIDTH; i++)
		str_append(&text, i < full ? (screen->utf8 ? "\u2588" : "#") : (screen->utf8 ? "\u2591" : "."));

	const char *copy = arena_strdup(arena, str_text(&text));

	str_free(&text);
	return copy;
}

static const char *total_line(Arena *arena, const RebalanceProgress *p)
{
	return arena_printf(arena, "%zu of %zu moves, %s of %s, %s%s%s", p->moved, p->rebalance->plan.move_count,
	                    output_bytes(arena, p->bytes_done), output_bytes(arena, p->rebalance->plan.bytes),
	                    rate(arena, p->bytes_per_s), p->bytes_per_s > 0 ? ", " : "", eta(arena, p->eta_s));
}

/* ---- a terminal ----------------------------------------------------------------- */

static void erase(RebalanceScreen *screen)
{
	if (screen->drawn > 0)
		fprintf(stderr, "\033[%zuA\r\033[J", screen->drawn);
	screen->drawn = 0;
}

static void draw(RebalanceScreen *screen, const RebalanceProgress *p)
{
	Arena *arena = arena_new();
	const Rebalance *r = p->rebalance;
	double all = r->plan.bytes > 0 ? (double) p->bytes_done / (double) r->plan.bytes : 0;

	erase(screen);
	fputs("\033[?7l", stderr); /* a line too long is cut, not wrapped */
	for (size_t i = 0; i < r->plan.move_count; i++) {
		const MoveProgress *m = &p->moves[i];
		double bytes = (double) r->moves[i].group->bytes;

		if (m->state != MOVE_RUNNING)
			continue;
		fprintf(stderr, "  %-28s %s %3.0f %%  %-22s %8s  %10s  %s\n", move_name(arena, screen, &r->moves[i]),
		        bar(arena, screen, bytes > 0 ? (double) m->bytes_done / bytes : 0),
		        bytes > 0 ? 100 * (double) m->bytes_done / bytes : 0,
		        m->will_retry ? "failed, tried again" : m->phase != NULL ? m->phase : "",
		        output_bytes(arena, r->moves[i].group->bytes), rate(arena, m->bytes_per_s),
		        m->eta_s >= 0 ? duration(arena, m->eta_s) : "");
		screen->drawn++;
	}
	fprintf(stderr, "  %-28s %s %3.0f %%  %s\033[?7h\n", "together", bar(arena, screen, all), 100 * all,
	        total_line(arena, p));
	screen->drawn++;
	fflush(stderr);
	arena_free(arena);
}

void rebalance_screen_end(RebalanceScreen *screen)
{
	if (!screen->live)
		return;
	erase(screen);
	fflush(stderr);
}

/* ---- lines -------------------------------------------------------------------------- */

static bool is_of_move(RebalanceEvent event)
{
	return event == REBALANCE_STARTED || event == REBALANCE_PHASE || event == REBALANCE_MOVED ||
	       event == REBALANCE_RETRY || event == REBALANCE_GAVE_UP;
}

static void say_of_move(const RebalanceScreen *screen, Arena *arena, RebalanceEvent event, size_t move,
                        const char *text, const RebalanceProgress *p)
{
	const RebalanceMove *what = &p->rebalance->moves[move];
	const MoveProgress *m = &p->moves[move];
	const char *name = move_name(arena, screen, what);
	const char *size = output_bytes(arena, what->group->bytes);
	bool colour = output_colour(stderr);

	if (event == REBALANCE_MOVED)
		fprintf(stderr, "  %s  %zu/%zu  %-28s %8s in %s%s\n", output_paint(arena, colour, "32", "moved"), p->moved,
		        p->rebalance->plan.move_count, name, size, output_seconds(arena, (int64_t) (m->seconds * 1e6)),
		        what->mode_reason != NULL ? ", writes blocked" : "");
	else if (event == REBALANCE_RETRY)
		fprintf(stderr, "  %s  %s  attempt %d: %s\n", output_paint(arena, colour, "33", "failed"), name, m->attempts,
		        text);
	else if (event == REBALANCE_GAVE_UP)
		fprintf(stderr, "  %s  %s  after %d attempt%s: %s\n", output_paint(arena, colour, "1;31", "given up"), name,
		        m->attempts, m->attempts == 1 ? "" : "s", text);
	else
		fprintf(stderr, "  %s: %s, %s\n", name, m->phase != NULL ? m->phase : "starting", size);
}

static void say(RebalanceScreen *screen, RebalanceEvent event, size_t move, const char *text,
                const RebalanceProgress *p)
{
	Arena *arena = arena_new();

	if (screen->live)
		erase(screen);
	if (is_of_move(event))
		say_of_move(screen, arena, event, move, text, p);
	else if (event == REBALANCE_WARNING)
		fprintf(stderr, "  %s  %s\n", output_paint(arena, output_colour(stderr), "33", "warning"), text);
	else
		fprintf(stderr, "  %s%s\n", event == REBALANCE_TICK ? total_line(arena, p) : text,
		        event == REBALANCE_TICK ? "" : " ...");
	arena_free(arena);
}

static void say_json(RebalanceEvent event, size_t move, const char *text, const RebalanceProgress *p)
{
	static const char *const names[] = {
		[REBALANCE_PREPARING] = "preparing", [REBALANCE_STARTED] = "started",  [REBALANCE_PHASE] = "phase",
		[REBALANCE_TICK] = "progress",       [REBALANCE_MOVED] = "moved",      [REBALANCE_RETRY] = "retry",
		[REBALANCE_GAVE_UP] = "gave_up",     [REBALANCE_STOPPING] = "stopping", [REBALANCE_WARNING] = "warning",
		[REBALANCE_VERIFYING] = "verifying"};
	Json *line = json_object();

	json_add_text(line, "event", names[event]);
	if (is_of_move(event)) {
		const RebalanceMove *what = &p->rebalance->moves[move];

		json_add_int(line, "shard_group", what->group->id);
		json_add_text(line, "from", what->from->name);
		json_add_text(line, "to", what->to->name);
		json_add_int(line, "bytes", what->group->bytes);
		json_add_int(line, "attempt", p->moves[move].attempts);
		if (p->moves[move].phase != NULL)
			json_add_text(line, "phase", p->moves[move].phase);
		json_add_double(line, "move_seconds", p->moves[move].seconds);
	}
	if (text != NULL)
		json_add_text(line, "text", text);
	json_add_double(line, "seconds", p->seconds);
	json_add_int(line, "moves_done", (int64_t) p->moved);
	json_add_int(line, "moves_running", (int64_t) p->running);
	json_add_int(line, "moves_failed", (int64_t) p->failed);
	json_add_int(line, "moves_total", (int64_t) p->rebalance->plan.move_count);
	json_add_int(line, "bytes_done", p->bytes_done);
	json_add_int(line, "bytes_total", p->rebalance->plan.bytes);
	json_add_double(line, "bytes_per_s", p->bytes_per_s);
	if (p->eta_s >= 0)
		json_add_double(line, "eta_seconds", p->eta_s);

	char *printed = json_print(line, false);

	fprintf(stderr, "%s\n", printed);
	free(printed);
	json_free(line);
}

void rebalance_show(void *arg, RebalanceEvent event, size_t move, const char *text,
                    const RebalanceProgress *progress)
{
	RebalanceScreen *screen = arg;
	bool often = event == REBALANCE_TICK;
	bool detail = event == REBALANCE_STARTED || event == REBALANCE_PHASE;
	bool due = progress->seconds - screen->said_s >= (screen->globals->json ? 1 : SAY_EVERY_S);

	if (screen->globals->quiet || (often && !screen->live && !due))
		return;
	if (often)
		screen->said_s = progress->seconds;
	if (screen->globals->json) {
		say_json(event, move, text, progress);
		return;
	}
	if (!(often && screen->live) && !(detail && !screen->globals->verbose))
		say(screen, event, move, text, progress);
	if (screen->live && event != REBALANCE_PREPARING && event != REBALANCE_VERIFYING && progress->moves != NULL)
		draw(screen, progress);
}
