// node run.mjs FILE: run one test module and print its results as JSON.
import { pathToFileURL } from "node:url";
import { runAll } from "./check.mjs";

const { tests } = await import(pathToFileURL(process.argv[2]));
process.stdout.write(JSON.stringify(await runAll(tests)));
