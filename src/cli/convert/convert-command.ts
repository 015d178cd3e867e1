// `mner-qg convert`: a safetensors folder becomes a model folder that a browser can load. Weights stream through one at a
// time, so the memory needed does not grow with the model.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { asRecord, copyJson } from "../../core/json.js";
import { isMnerError, MnerError } from "../../core/mner-error.js";
import type { Query } from "../../core/results.js";
import {
  type BaseFolder,
  type FreeForm,
  MANIFEST_FILE,
  type ModelManifest,
  type NamedTensor,
  readQueries,
  UNCALIBRATED,
  type WeightBits,
  writeModel,
} from "../../model/index.js";
import { openSystem } from "../../systems/index.js";
import { weightShapes } from "../../systems/network.js";
import type { System, SystemConfig } from "../../systems/system.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { type CommandContext, EXIT } from "../terminal/context.js";
import { choiceOption, parseOptions, requiredOption, textOption, usage } from "../terminal/options.js";
import { startProgress } from "../terminal/progress.js";
import { formatBytes } from "../terminal/table.js";
import { type CheckpointFiles, defaultName, findCheckpoint } from "./checkpoint-folder.js";
import { compareFolder, formatErrors, type ModuleError } from "./compare-folder.js";
import { openFolder } from "./folder-reader.js";
import { onlyOwn, openBase } from "./open-base.js";
import { type PlannedTensor, planTensors } from "./plan-tensors.js";

export const CONVERT_HELP = `mner-qg convert CHECKPOINT --out DIR [options]

Turns a checkpoint into a model folder for the browser. CHECKPOINT is a folder with model.safetensors, config.json and the
tokenizer's files, as \`python -m training.export\` writes it; of a PyTorch checkpoint it makes one with --checkpoint FILE.pt.

  --out DIR          where the model folder goes; must be new or empty
  --bits 8|16|32     8: matrices in 8 bits, the rest (and a small photo trunk) in float16 (default); 16: float16; 32: float32
  --base DIR         write an add-on: only what the model folder DIR does not have; DIR and the add-on must stay where they are
  --config FILE      the network's sizes, when they are not in config.json beside the weights
  --tokenizer DIR    the tokenizer's files, when they are not beside the weights
  --name NAME        the model's name (default: the checkpoint's)
  --version VERSION  its version (default: the checkpoint's, or 1.0.0)
  --licence TEXT     its licence (default: the checkpoint's, or "unknown")
  --created DATE     the date in the manifest (default: today)
  --no-self-test     leave out the known answer that each browser backend is checked against
  --json             print the outcome as one JSON object on stdout
`;

export interface ConvertOptions {
  readonly checkpoint: string;
  readonly out: string;
  readonly bits: WeightBits;
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

export async function convertCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseOptions(
    argv,
    {
      out: "string",
      bits: "string",
      base: "string",
      config: "string",
      tokenizer: "string",
      name: "string",
      version: "string",
      licence: "string",
      created: "string",
      "no-self-test": "boolean",
      json: "boolean",
    },
    1,
  );
  if (values.help === true) {
    context.out(CONVERT_HELP);
    return EXIT.ok;
  }
  if (positionals[0] === undefined) throw usage("The checkpoint is missing.");
  const bits = Number(choiceOption(values, "bits", ["8", "16", "32"], "8")) as WeightBits;
  await convert({ checkpoint: positionals[0], out: requiredOption(values, "out"), bits, values }, context);
  return EXIT.ok;
}

async function convert(options: ConvertOptions, context: CommandContext): Promise<void> {
  const files = findCheckpoint(options.checkpoint, {
    config: textOption(options.values, "config"),
    tokenizer: textOption(options.values, "tokenizer"),
  });
  const plan = await readSystem(files);
  const checkpoint = openCheckpoint(files.weights);
  try {
    const base = await openBase(options, files, context.signal);
    const expected = weightShapes(plan.system, plan.config);
    const planned = planTensors(base === null ? expected : onlyOwn(expected, checkpoint, base.weights), checkpoint);
    makeFolder(options.out);
    await writeFolder(options, files, plan, planned, base?.entry ?? null, context);
    const folder = openFolder(options.out);
    context.error("Comparing what was written with the checkpoint …\n");
    const errors = await compareFolder(folder, planned, context.signal);
    requireExact(options.bits, errors);
    const tested = options.values["no-self-test"] !== true;
    if (tested) {
      context.error("Running the network once for the self-test …\n");
      // Loaded when needed: it brings the engine.
      const { recordSelfTest } = await import("./self-test.js");
      await recordSelfTest(options.out, context.signal);
    }
    report(options, folder.manifest, errors, tested, context);
  } finally {
    checkpoint.close();
  }
}

/** A checkpoint's system, with its config as the system reads it and as it goes into the manifest. */
interface Plan {
  readonly system: System;
  readonly config: SystemConfig;
  readonly written: FreeForm;
  readonly calibration: FreeForm;
}

/** The manifest's own checks, told as what they are here: a fault of config.json. */
async function readSystem({ config: value, description }: CheckpointFiles): Promise<Plan> {
  try {
    const written = copyJson(value, "config") as FreeForm;
    const calibration = (description.calibration ?? UNCALIBRATED) as FreeForm;
    // Exports that do not say their system are MNER-QG's.
    const name = typeof written?.system === "string" ? written.system : "mner-qg";
    const opened = await openSystem({ system: name, config: asRecord(written, "config"), calibration });
    return { ...opened, written, calibration };
  } catch (error) {
    if (!isMnerError(error) || error.code !== "model-manifest-invalid") throw error;
    const detail = error.message.replace(/^manifest\.json: config/, "config.json: the value at config");
    throw new MnerError("input-invalid", detail, { cause: error });
  }
}

/** An old model folder is never written over: pages may be reading it, and two releases must not mix. */
function makeFolder(out: string): void {
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new MnerError("output-unwritable", `${out} is not empty. Give a new folder, or empty this one first.`);
  }
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw new MnerError("output-unwritable", `${out} cannot be made. Check the path and its permissions.`, {
      cause: error,
    });
  }
}

async function writeFolder(
  options: ConvertOptions,
  files: CheckpointFiles,
  plan: Plan,
  planned: readonly PlannedTensor[],
  base: BaseFolder | null,
  context: CommandContext,
): Promise<ModelManifest> {
  const progress = startProgress(context, { unit: "tensors", total: planned.length });
  const manifest = await writeModel({
    description: { ...describe(options, files, plan), base },
    tensors: readEach(planned),
    tokenizerFiles: base === null ? files.tokenizer : [],
    bits: options.bits,
    bitsOf: (name) => (options.bits === 8 && plan.system.needsHalf(name, plan.config) ? 16 : options.bits),
    signal: context.signal,
    writeFile: (path, bytes) => writeFile(join(options.out, path), bytes),
    onTensor: () => progress.advance(),
  });
  progress.finish();
  return manifest;
}

function writeFile(path: string, bytes: Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  } catch (error) {
    throw new MnerError("output-unwritable", `${path} cannot be written. Is the disk full?`, { cause: error });
  }
}

function* readEach(planned: readonly PlannedTensor[]): Generator<NamedTensor> {
  for (const { name, shape, read } of planned) yield { name, shape, values: read() };
}

/** Options first, then what training wrote beside the checkpoint, then plain words that claim nothing. */
function describe(options: ConvertOptions, files: CheckpointFiles, { system, written, calibration }: Plan) {
  const { description } = files;
  const text = (name: string): string | undefined => {
    const given = textOption(options.values, name) ?? description[name];
    return typeof given === "string" ? given : undefined;
  };
  const queries = description.queries ?? written.queries;
  return {
    name: text("name") ?? defaultName(options.checkpoint),
    version: text("version") ?? "1.0.0",
    licence: text("licence") ?? "unknown",
    created: text("created") ?? new Date().toISOString().slice(0, 10),
    system: system.name,
    config: written,
    queries: requireQueries(queries),
    // Both are checked by the writer, which reads back the manifest it is about to write.
    metrics: (description.metrics ?? {}) as FreeForm,
    calibration,
  };
}

function requireQueries(queries: unknown): readonly Query[] {
  if (queries !== undefined) return readQueries(queries, "queries");
  throw new MnerError(
    "input-invalid",
    'config.json names no queries, so the model would not know what to look for. Add "queries": [{"label": "PER", "query": "…"}, …].',
  );
}

/** Without quantisation nothing may change at all. */
function requireExact(bits: WeightBits, errors: readonly ModuleError[]): void {
  const wrong = bits === 32 ? errors.find((error) => error.largest > 0) : undefined;
  if (wrong === undefined) return;
  throw new MnerError(
    "internal",
    `Weights of ${wrong.module} changed on their way through the model folder. Please report it.`,
  );
}

function report(
  options: ConvertOptions,
  manifest: ModelManifest,
  errors: readonly ModuleError[],
  tested: boolean,
  context: CommandContext,
): void {
  const bytes = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const parameters = errors.reduce((sum, error) => sum + error.parameters, 0);
  if (options.values.json === true) {
    const outcome = {
      out: options.out,
      bits: options.bits,
      bytes,
      parameters,
      selfTest: tested,
      errors,
    };
    context.out(`${JSON.stringify(outcome)}\n`);
    return;
  }
  context.out(formatErrors(errors));
  context.out(
    `${options.out}: ${manifest.name} ${manifest.version}, ${parameters} weights in ${manifest.shards.length} shards, ` +
      `${formatBytes(bytes)}, ${tested ? "with" : "without"} self-test (${MANIFEST_FILE})\n`,
  );
}
