// Chooses the command and turns whatever goes wrong into a message and an exit status.
import { isMnerError, toMnerError } from "../core/mner-error.js";
import { ANNOTATE_HELP, annotateCommand } from "./annotate/annotate-command.js";
import { CONVERT_HELP, convertCommand } from "./convert/convert-command.js";
import { EVALUATE_HELP, evaluateCommand } from "./evaluate/evaluate-command.js";
import { EVALUATE_GROUNDING_HELP, evaluateGroundingCommand } from "./evaluate/evaluate-grounding-command.js";
import { type CommandContext, EXIT } from "./terminal/context.js";

type Command = (argv: readonly string[], context: CommandContext) => Promise<number>;

interface CommandEntry {
  readonly run: Command;
  readonly help: string;
  readonly summary: string;
}

const commands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ["convert", { run: convertCommand, help: CONVERT_HELP, summary: "a safetensors checkpoint into a model folder" }],
  ["annotate", { run: annotateCommand, help: ANNOTATE_HELP, summary: "names and boxes for a file of tweets" }],
  ["evaluate", { run: evaluateCommand, help: EVALUATE_HELP, summary: "scores against gold tweets" }],
  [
    "evaluate-grounding",
    {
      run: evaluateGroundingCommand,
      help: EVALUATE_GROUNDING_HELP,
      summary: "scores against photos with labelled boxes",
    },
  ],
]);

declare const __MNER_QG_VERSION__: string | undefined;

/** Filled in by the build; from the sources there is none. */
export const VERSION = typeof __MNER_QG_VERSION__ === "string" ? __MNER_QG_VERSION__ : "0.0.0-source";

function generalHelp(): string {
  const lines = [...commands].map(([name, { summary }]) => `  ${name.padEnd(20)} ${summary}`);
  return `mner-qg COMMAND [options]

${lines.join("\n")}

  mner-qg COMMAND --help   what a command takes
  mner-qg --version        the version

Exit status: 0 all went well, 1 something failed (or some records did), 2 the command was not understood.
`;
}

/** Names of files, options and weights come from strangers, and a terminal obeys control characters. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\r\t]/gu, "\ufffd");

/** Runs one command line and returns the exit status. Never throws. */
export async function run(argv: readonly string[], given: CommandContext): Promise<number> {
  const context: CommandContext = {
    ...given,
    out: (text) => given.out(printable(text)),
    error: (text) => given.error(printable(text)),
  };
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    (name === undefined ? context.error : context.out)(generalHelp());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === "--version" || name === "-V") {
    context.out(`${VERSION}\n`);
    return EXIT.ok;
  }
  const command = commands.get(name);
  if (command === undefined) {
    context.error(`mner-qg: there is no command "${name}". Known are: ${[...commands.keys()].join(", ")}.\n`);
    return EXIT.usage;
  }
  try {
    return await command.run(rest, context);
  } catch (error) {
    return explain(error, context);
  }
}

function explain(thrown: unknown, context: CommandContext): number {
  const error = toMnerError(thrown);
  if (error.code === "aborted") {
    context.error(`\nmner-qg: ${error.message}\n`);
    return EXIT.interrupted;
  }
  context.error(`mner-qg: ${error.message} (${error.code})\n`);
  // A stack is for faults of ours only; a user's mistake needs none.
  if (error.code === "internal" && !isMnerError(thrown) && thrown instanceof Error) context.error(`${thrown.stack}\n`);
  return error.code === "usage" || error.code === "option-invalid" ? EXIT.usage : EXIT.someFailed;
}
