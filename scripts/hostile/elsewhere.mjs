// Tests of faults that stand beside what they test, by the class of the hostile world they belong to.

export const elsewhere = [
  {
    kind: "1 input",
    project: "browser",
    files: ["test/vision/photo.test.ts"],
  },
  {
    kind: "1 input",
    project: "unit",
    files: ["src/vision/header.test.ts", "src/corpus/read-corpus.test.ts", "src/element/check-results.test.ts"],
  },
  {
    kind: "2 network",
    project: "unit",
    files: ["src/model/load.test.ts", "src/model/load-connection.test.ts", "src/model/load-storage.test.ts"],
  },
  { kind: "2 network", project: "browser", files: ["test/model/load.test.ts", "test/app/update.test.ts"] },
  { kind: "3 device", project: "browser", files: ["test/engine/device-loss.test.ts", "test/engine/analyzer.test.ts"] },
  { kind: "5 security", project: "browser", files: ["test/element/security.test.ts"] },
  {
    kind: "5 security",
    project: "unit",
    files: ["src/cli/checkpoint/checkpoint.test.ts", "src/cli/annotate/journal.test.ts"],
  },
];
