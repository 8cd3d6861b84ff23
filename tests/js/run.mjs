// node run.mjs FILE ...: run the test modules, all in this process, and print their results as JSON, by file.
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { runAll } from "./check.mjs";

const run = async (file) => {
  try {
    return await runAll((await import(pathToFileURL(file))).tests);
  } catch (error) {
    return [{ name: "the module loads", error: String(error.stack ?? error) }];
  }
};

const results = {};
for (const file of process.argv.slice(2)) results[basename(file)] = await run(file);
process.stdout.write(JSON.stringify(results));
