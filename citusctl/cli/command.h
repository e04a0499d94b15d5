/*
 * cli/command.h - commands and options as data; the one parser and the help.
 *
 * A verb is one `const Command` in the file that implements it.  The dispatcher
 * parses the words, prepares what the verb needs, and calls run().
 */
#ifndef CITUSCTL_CLI_COMMAND_H
#define CITUSCTL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "run/session.h"

#define OPERANDS_MAX 1024

typedef enum OptionType {
	OPT_FLAG, /* bool */
	OPT_INT,  /* int64_t, within min..max */
	OPT_NUMBER, /* double, within min..max */
	OPT_TEXT, /* const char * */
	OPT_LIST, /* OptionList: may be given several times */
} OptionType;

/* What an OPT_LIST collects. */
typedef struct OptionList {
	const char *items[OPERANDS_MAX];
	size_t count;
} OptionList;

typedef struct Option {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* or 0 */
	OptionType type;
	size_t offset;     /* of its value in the verb's arguments */
	const char *value; /* what the help calls its value, NULL for flags */
	const char *help;
	int64_t min, max; /* of OPT_INT and OPT_NUMBER */
} Option;

/* Given before the verb, or after it. */
typedef struct Globals {
	const char *file; /* NULL: cluster.json, where it is there */
	const char *output;
	int64_t jobs;
	bool yes;
	bool verbose;
	bool quiet;
	bool help;
	bool json; /* from output */
} Globals;

typedef enum Needs {
	NEEDS_NOTHING,
	NEEDS_CLUSTER, /* a description, read and checked */
	NEEDS_SESSION, /* and a session on it */
} Needs;

/* What a verb gets. */
typedef struct Call {
	const Globals *globals;
	const char *operands[OPERANDS_MAX];
	size_t operand_count;
	size_t plain_count; /* of them those before "--"; all when there is none */
	const char *typed; /* the verb, its options and operands as typed, without the global options */
	Arena *arena;
	const Cluster *cluster; /* NULL unless needed */
	Session *session;       /* NULL unless needed */
} Call;

typedef struct Command {
	const char *name;
	const char *summary;  /* one line, lower case */
	const char *operands; /* such as "[NODE...]", "" for none */
	const char *details;  /* NULL, or paragraphs for its own help */
	const Option *options; /* NULL, or its own */
	size_t args_size;      /* of the struct its options write to */
	size_t operands_min, operands_max;
	Needs needs;
	Needs (*needs_of)(const void *args); /* NULL, or it depends on the options */
	bool (*defaults)(void *args); /* NULL: all zero */
	bool (*run)(Call *call, const void *args, Err *err);
} Command;

extern const Command *const commands[]; /* NULL ends the list */
extern const Option global_options[];

/* The exit status.  Prints the error, if any, in the format asked for. */
int command_main(int argc, char **argv);

const Command *command_find(const char *name);
void command_help(const Command *command); /* NULL: of the program */

/* Words that complete "citusctl" on a command line, for shells. */
void command_print_completion(void);

#endif
