/*
 * cli/help.c - help and completion, made from the tables of commands and options.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "version.h"

static void print_options(const Option *options)
{
	for (const Option *o = options; o != NULL && o->name != NULL; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter != 0 ? '-' : ' ',
		         o->letter != 0 ? o->letter : ' ', o->letter != 0 ? "," : " ", o->name,
		         o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
		printf("  %-26s %s\n", left, o->help);
	}
}

static void program_help(void)
{
	printf("citusctl %s: one JSON file describes a distributed PostgreSQL cluster;\n"
	       "citusctl makes it so, and proves that it works.\n\n"
	       "usage: citusctl [-c FILE] [-o text|json] [-j JOBS] [-y] [-v|-q] COMMAND [options]\n\n"
	       "commands:\n", CITUSCTL_VERSION);
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("  %-26s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\noptions:\n", stdout);
	print_options(global_options);
	fputs("\nexit status: 0 done, 1 failed, 2 wrong usage or description, 3 the cluster is not\n"
	      "as it should be, 4 a node can't be reached, 5 refused for safety, 6 the time given is\n"
	      "over, 130 interrupted\n\n"
	      "Try it: citusctl demo\n", stdout);
}

void command_help(const Command *command)
{
	if (command == NULL) {
		program_help();
		return;
	}
	printf("citusctl %s: %s\n\nusage: citusctl %s%s%s%s\n", command->name, command->summary, command->name,
	       command->options != NULL ? " [options]" : "", *command->operands != '\0' ? " " : "",
	       command->operands);
	if (command->details != NULL)
		printf("\n%s\n", command->details);
	if (command->options != NULL) {
		fputs("\noptions:\n", stdout);
		print_options(command->options);
	}
	fputs("\ncommon options:\n", stdout);
	print_options(global_options);
}

void command_print_completion(void)
{
	fputs("# bash completion of citusctl: source <(citusctl completion)\n_citusctl() {\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]}\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W '", stdout);
	for (const Option *o = global_options; o->name != NULL; o++)
		printf("--%s ", o->name);
	for (size_t i = 0; commands[i] != NULL; i++)
		for (const Option *o = commands[i]->options; o != NULL && o->name != NULL; o++)
			printf("--%s ", o->name);
	fputs("' -- \"$word\")) ;;\n\t*) COMPREPLY=($(compgen -W '", stdout);
	for (size_t i = 0; commands[i] != NULL; i++)
		printf("%s ", commands[i]->name);
	fputs("' -- \"$word\")) ;;\n\tesac\n}\ncomplete -o default -F _citusctl citusctl\n", stdout);
}
