#include "cli/command.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/log.h"
#include "util/quote.h"
#include "util/str.h"

#define DEFAULT_FILE "cluster.json"

const Option global_options[] = {
	{"file", 'c', OPT_TEXT, offsetof(Globals, file), "FILE",
	 "the description of the cluster (default cluster.json)", 0, 0},
	{"output", 'o', OPT_TEXT, offsetof(Globals, output), "FORMAT", "text or json (default text)", 0, 0},
	{"jobs", 'j', OPT_INT, offsetof(Globals, jobs), "JOBS", "nodes worked on at a time (default 8)", 1, 64},
	{"yes", 'y', OPT_FLAG, offsetof(Globals, yes), NULL, "do not ask, the answer is yes", 0, 0},
	{"verbose", 'v', OPT_FLAG, offsetof(Globals, verbose), NULL, "say each thing that is done", 0, 0},
	{"quiet", 'q', OPT_FLAG, offsetof(Globals, quiet), NULL, "no progress, only the result and errors", 0, 0},
	{"help", 'h', OPT_FLAG, offsetof(Globals, help), NULL, "help, also of one command", 0, 0},
	{0},
};

/* The words being read. */
typedef struct Words {
	char **items;
	int count;
	int at;
} Words;

const Command *command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static const Option *find_option(const Option *options, const char *name, size_t length, char letter)
{
	for (const Option *o = options; o != NULL && o->name != NULL; o++)
		if (letter != 0 ? o->letter == letter
		                : strlen(o->name) == length && strncmp(o->name, name, length) == 0)
			return o;
	return NULL;
}

static bool parse_int(const Option *option, const char *text, int64_t *value, Err *err)
{
	char *end = NULL;

	errno = 0;

	long long number = strtoll(text, &end, 10);

	if (*text == '\0' || *end != '\0' || errno != 0 || number < option->min || number > option->max)
		return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a whole number from %lld to %lld", option->name,
		               text, (long long) option->min, (long long) option->max);
	*value = number;
	return true;
}

static bool parse_number(const Option *option, const char *text, double *value, Err *err)
{
	char *end = NULL;
	double number = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !isfinite(number) || number < (double) option->min ||
	    number > (double) option->max)
		return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a number from %lld to %lld", option->name, text,
		               (long long) option->min, (long long) option->max);
	*value = number;
	return true;
}

static bool append(const Option *option, const char *text, OptionList *list, Err *err)
{
	if (list->count == OPERANDS_MAX)
		return err_set(err, ERR_USAGE, "--%s is given more than %d times", option->name, OPERANDS_MAX);
	list->items[list->count++] = text;
	return true;
}

static bool store(const Option *option, void *base, const char *text, Err *err)
{
	void *target = (char *) base + option->offset;

	switch (option->type) {
		case OPT_FLAG:
			*(bool *) target = true;
			return true;
		case OPT_TEXT:
			*(const char **) target = text;
			return true;
		case OPT_INT:
			return parse_int(option, text, target, err);
		case OPT_NUMBER:
			return parse_number(option, text, target, err);
		case OPT_LIST:
			return append(option, text, target, err);
	}
	return false;
}

/* Reads one option at words->at, and its value; *is_own when it is the verb's. */
static bool parse_option(Words *words, const Option *own, void *args, Globals *globals, bool *is_own,
                         Err *err)
{
	const char *word = words->items[words->at++];
	bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1);
	const char *equals = is_long ? strchr(name, '=') : NULL;
	size_t length = equals != NULL ? (size_t) (equals - name) : strlen(name);
	char letter = is_long ? '\0' : name[0];
	const char *value = equals != NULL ? equals + 1 : NULL;
	void *base = args;
	const Option *option = args != NULL ? find_option(own, name, length, letter) : NULL;

	*is_own = option != NULL;
	if (option == NULL) {
		base = globals;
		option = find_option(global_options, name, length, letter);
	}
	if (option == NULL || (!is_long && name[0] == '\0')) {
		err_set(err, ERR_USAGE, "unknown option \"%.*s\"", (int) strcspn(word, "="), word);
		return err_hint(err, "\"citusctl help\" and \"citusctl help COMMAND\" list what there is.");
	}
	if (!is_long && name[1] != '\0')
		value = name + 1; /* -cFILE */
	if (option->type == OPT_FLAG && value != NULL)
		return err_set(err, ERR_USAGE, "--%s takes no value", option->name);
	if (option->type != OPT_FLAG && value == NULL) {
		if (words->at >= words->count)
			return err_set(err, ERR_USAGE, "--%s needs a value: %s", option->name, option->value);
		value = words->items[words->at++];
	}
	return store(option, base, value != NULL ? value : "", err);
}

static bool unknown_command(const char *name, Err *err)
{
	const char *names[64];
	size_t count = 0;

	while (count < sizeof(names) / sizeof(names[0]) && commands[count] != NULL) {
		names[count] = commands[count]->name;
		count++;
	}

	const char *near = str_nearest(name, names, count);

	err_set(err, ERR_USAGE, "there is no command \"%s\"", name);
	if (near != NULL)
		return err_hint(err, "Did you mean \"%s\"?  \"citusctl help\" lists the commands.", near);
	return err_hint(err, "\"citusctl help\" lists the commands.");
}

/* Adds the words from..words->at to what the journal calls the command. */
static void keep_words(Call *call, const Words *words, int from)
{
	for (int i = from; i < words->at; i++)
		call->typed = call->typed == NULL
		                  ? quote_shell(call->arena, words->items[i])
		                  : arena_printf(call->arena, "%s %s", call->typed,
		                                 quote_shell(call->arena, words->items[i]));
}

/* Options may stand before and after the verb; the verb's own only after it. */
static bool parse(Words *words, Globals *globals, const Command **command, void **args, Call *call,
                  Err *err)
{
	bool only_operands = false;

	while (words->at < words->count) {
		const char *word = words->items[words->at];
		int from = words->at;
		bool is_own = true;

		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
			call->plain_count = call->operand_count;
			words->at++;
		} else if (!only_operands && word[0] == '-' && word[1] != '\0') {
			if (!parse_option(words, *command != NULL ? (*command)->options : NULL, *args, globals, &is_own,
			                  err))
				return false;
		} else if (*command == NULL) {
			*command = command_find(word);
			if (*command == NULL)
				return unknown_command(word, err);
			*args = arena_alloc(call->arena, (*command)->args_size);
			if ((*command)->defaults != NULL)
				(*command)->defaults(*args);
			words->at++;
		} else if (call->operand_count == OPERANDS_MAX) {
			return err_set(err, ERR_USAGE, "more than %d operands", OPERANDS_MAX);
		} else {
			call->operands[call->operand_count++] = word;
			words->at++;
		}
		if (is_own)
			keep_words(call, words, from);
	}
	if (!only_operands)
		call->plain_count = call->operand_count;
	if (globals->output == NULL || strcmp(globals->output, "text") == 0)
		return true;
	globals->json = strcmp(globals->output, "json") == 0;
	return globals->json ||
	       err_set(err, ERR_USAGE, "--output: \"%s\" is neither text nor json", globals->output);
}

static bool check_operands(const Command *command, const Call *call, Err *err)
{
	if (call->operand_count >= command->operands_min && call->operand_count <= command->operands_max)
		return true;
	err_set(err, ERR_USAGE, call->operand_count < command->operands_min ? "\"%s\" needs %s"
	                                                                    : "\"%s\" takes %s",
	        command->name, *command->operands != '\0' ? command->operands : "no operands");
	return err_hint(err, "\"citusctl help %s\" shows its usage.", command->name);
}

static bool prepare(const Command *command, const void *args, Call *call, Err *err)
{
	const char *file = call->globals->file;
	Needs needs = command->needs_of != NULL ? command->needs_of(args) : command->needs;

	if (needs == NEEDS_NOTHING)
		return true;
	if (file == NULL && access(DEFAULT_FILE, F_OK) != 0) {
		err_set(err, ERR_USAGE, "there is no %s here", DEFAULT_FILE);
		return err_hint(err, "Name the description with -c FILE, or begin with a copy of "
		                     "cluster.json.example.");
	}
	call->cluster = cluster_load(call->arena, file != NULL ? file : DEFAULT_FILE, NULL, err);
	if (call->cluster == NULL || needs == NEEDS_CLUSTER)
		return call->cluster != NULL;
	call->session = session_open(call->cluster, (int) call->globals->jobs, err);
	if (call->session != NULL)
		call->session->command = call->typed;
	return call->session != NULL;
}

static bool run_command(const Command *command, const void *args, Call *call, Err *err)
{
	return check_operands(command, call, err) && prepare(command, args, call, err) &&
	       command->run(call, args, err);
}

/* JSON on stdout even when the words that ask for it could not be read. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-ojson") == 0 || strcmp(argv[i], "--output=json") == 0 ||
		    (i + 1 < argc && strcmp(argv[i + 1], "json") == 0 &&
		     (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)))
			return true;
	return false;
}

int command_main(int argc, char **argv)
{
	Arena *arena = arena_new();
	Globals globals = {.jobs = 8, .json = wants_json(argc, argv)};
	Words words = {argv, argc, 1};
	Call call = {.globals = &globals, .arena = arena};
	const Command *command = NULL;
	void *args = NULL;
	Err err = ERR_INIT;
	bool ok = parse(&words, &globals, &command, &args, &call, &err);

	if (ok) {
		log_setup(globals.verbose);
		if (globals.help)
			command_help(command);
		else if (command != NULL)
			ok = run_command(command, args, &call, &err);
		else {
			err_set(&err, ERR_USAGE, "no command given");
			ok = err_hint(&err, "\"citusctl help\" lists the commands; \"citusctl demo\" shows what it does.");
		}
	}
	if (!ok && err.message != NULL)
		output_error(&globals, &err);

	int status = ok ? 0 : (int) err.kind;

	session_close(call.session);
	err_clear(&err);
	arena_free(arena);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		fputs("citusctl: cannot write to standard output\n", stderr);
		return status != 0 ? status : (int) ERR_FAILED;
	}
	return status;
}
