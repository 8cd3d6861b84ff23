// node run.mjs tests|slow FILE ...: run that part of each module, all in one process; results as JSON, by file.
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { runAll } from "./check.mjs";

const [part, ...files] = process.argv.slice(2);

const run = async (file) => {
  try {
    return await runAll((await import(pathToFileURL(file)))[part]);
  } catch (error) {
    return [{ name: "the module loads", error: String(error.stack ?? error) }];
  }
};

const results = {};
for (const file of files) results[basename(file)] = await run(file);
process.stdout.write(JSON.stringify(results));
