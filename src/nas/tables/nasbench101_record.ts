/**
 * Rows of NAS-Bench-101's files (Ying et al., ICML 2019): JSON `[hash, epochs, adjacency bits, operations,
 * metrics]`. The metrics are a protobuf message in base64.
 */
import * as z from "zod";
import { MessageWriter, readMessage } from "../../common/protobuf.ts";
import { UsageError } from "../../common/errors.ts";
import { type Dag, nb101Dag, nb101FromMatrix } from "../spaces/nasbench101.ts";

/** Field numbers of ModelMetrics and of its EvaluationData. */
const metricsFields = { evaluation_data: 1, trainable_parameters: 2, total_time: 3 } as const;
const evaluationFields = {
  current_epoch: 1,
  training_time: 2,
  train_accuracy: 3,
  validation_accuracy: 4,
  test_accuracy: 5,
} as const;

const evaluationNames: ReadonlyMap<number, string> = new Map(
  Object.entries(evaluationFields).map(([name, field]) => [field, name]),
);

/** Results of one evaluation during a training. */
export interface Evaluation {
  training_time: number;
  train_accuracy: number;
  validation_accuracy: number;
  test_accuracy: number;
}

/** One training of one cell. */
export interface Nb101Record {
  hash: string;
  epochs: number;
  /** Number of parameters of the network. */
  parameters: number;
  /** Rows of the adjacency matrix without separators, and the operations. */
  adjacency: string;
  ops: string;
  /** Evaluations halfway through and at the end of the training. */
  half: Evaluation;
  final: Evaluation;
}

const row = z.tuple([
  z.string().regex(/^[0-9a-f]{32}$/, "expected the hash of a cell"),
  z.number().int().positive(),
  z.string().regex(/^[01]+$/, "expected the bits of an adjacency matrix"),
  z.string(),
  z.string(),
]);

const evaluation = z.object({
  training_time: z.number(),
  train_accuracy: z.number(),
  validation_accuracy: z.number(),
  test_accuracy: z.number(),
});

const metrics = z.object({
  // Evaluations at the start, halfway, and at the end.
  evaluation_data: z.tuple([z.unknown(), evaluation, evaluation]),
  trainable_parameters: z.number().int().positive(),
});

const columns = ["hash", "epochs", "adjacency", "operations", "metrics"];
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes a row. @throws UsageError naming the wrong column. */
export function decodeRecord(data: Uint8Array): Nb101Record {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(data));
  } catch (cause) {
    throw new UsageError("it is no JSON, expected a row of NAS-Bench-101", { cause });
  }
  const parsed = row.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    const column = path.length > 0 ? `column ${columns[path[0] as number]}` : "the row";
    throw new UsageError(`${column}: ${message}`, { cause: parsed.error });
  }
  const [hash, epochs, adjacency, ops, base64] = parsed.data;
  const { evaluation_data: [, half, final], trainable_parameters: parameters } = decodeMetrics(
    base64,
  );
  return { hash, epochs, adjacency, ops, parameters, half, final };
}

/** Fields of a message, of any shape: `metrics` checks them. */
function readMetrics(bytes: Uint8Array) {
  const message: { evaluation_data: unknown[]; trainable_parameters?: number } = {
    evaluation_data: [],
  };
  for (const { field, wire, value } of readMessage(bytes)) {
    if (field === metricsFields.evaluation_data && wire === "bytes") {
      message.evaluation_data.push(readEvaluation(value));
    } else if (field === metricsFields.trainable_parameters && wire === "number") {
      message.trainable_parameters = value;
    }
  }
  return message;
}

function readEvaluation(bytes: Uint8Array): Record<string, number> {
  // Proto2 reads an omitted double as 0.
  const read: Record<string, number> = Object.fromEntries(
    Object.keys(evaluationFields).map((name) => [name, 0]),
  );
  for (const { field, wire, value } of readMessage(bytes)) {
    const name = evaluationNames.get(field);
    if (name !== undefined && wire === "number") read[name] = value;
  }
  return read;
}

function decodeMetrics(base64: string): z.infer<typeof metrics> {
  let message: unknown;
  try {
    message = readMetrics(Uint8Array.fromBase64(base64));
  } catch (cause) {
    throw new UsageError(`column metrics: ${(cause as Error).message}`, { cause });
  }
  const parsed = metrics.safeParse(message);
  if (parsed.success) return parsed.data;
  const [{ path, message: why }] = parsed.error.issues;
  throw new UsageError(`column metrics, ${path.join(".")}: ${why}`, { cause: parsed.error });
}

/** Graph of a row. @throws UsageError naming row of the matrix, vertex or operation. */
export function dagOfRecord({ adjacency, ops }: Pick<Nb101Record, "adjacency" | "ops">): Dag {
  const n = Math.sqrt(adjacency.length);
  if (!Number.isInteger(n)) {
    throw new UsageError(`column adjacency: got ${adjacency.length} bits, expected a square`);
  }
  const matrix = Array.from({ length: n }, (_, i) => [...adjacency.slice(i * n, i * n + n)]);
  const arch = nb101FromMatrix(matrix.map((r) => r.map(Number)), ops.split(","), adjacency);
  return nb101Dag(arch)!;
}

/** Encodes a row as in the files, for tests and for benchmarks where the real file is not available. */
export function encodeRecord(record: Nb101Record): Uint8Array {
  const { hash, epochs, adjacency, ops, parameters, half, final } = record;
  const evaluation = (current_epoch: number, e: Evaluation) => ({ current_epoch, ...e });
  const start = {
    training_time: 0,
    train_accuracy: 0.1,
    validation_accuracy: 0.1,
    test_accuracy: 0.1,
  };
  const message = new MessageWriter();
  const { evaluation_data, trainable_parameters, total_time } = metricsFields;
  for (
    const one of [evaluation(0, start), evaluation(epochs / 2, half), evaluation(epochs, final)]
  ) {
    message.message(evaluation_data, (inner) => {
      for (const [name, field] of Object.entries(evaluationFields)) {
        inner.double(field, one[name as keyof typeof one]);
      }
    });
  }
  message.int(trainable_parameters, parameters).double(total_time, final.training_time);
  const bytes = message.finish();
  return new TextEncoder().encode(
    JSON.stringify([hash, epochs, adjacency, ops, bytes.toBase64()]),
  );
}
