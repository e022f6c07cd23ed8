// node llama.mjs OPTIONS-AS-JSON: llama.cpp through node-llama-cpp, as bench/peers/beside asks for it.
//
// Options: {packages: folder of node_modules, model: path, threads, context, batch, flash_attention, mmap}.
// Loads the model and prints one line of JSON about it; then for every line {prompt, new_tokens} on standard input one about
// a session of its own: a prompt of random ids in passes of `batch` tokens, then greedy tokens one by one. The first new
// token comes out of the prompt's passes, so there are new_tokens - 1 steps of decoding, as in sluice bench.
import {readFileSync, realpathSync} from "node:fs";
import path from "node:path";
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";

const options = JSON.parse(process.argv[2]);
const folder = path.join(options.packages, "node_modules", "node-llama-cpp");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(path.join(folder, "dist", "index.js")));

// Resident bytes and major faults (reads of a mapped page from the drive) of this process so far.
function memory() {
    const status = readFileSync("/proc/self/status", "utf8");
    const bytes = (key) => 1024 * Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))[1]);
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ");
    return {anonymous_bytes: bytes("RssAnon"), file_bytes: bytes("RssFile"), major_faults: Number(fields[9])};
}

// The library that holds the kernels: llama.cpp ships one a kind of processor and picks at run time.
function kernels() {
    const mapped = readFileSync("/proc/self/maps", "utf8").match(/\/\S*libggml-cpu\S*\.so/);
    return mapped === null ? "" : path.basename(realpathSync(mapped[0]));
}

// What its log says of weights that are copied into interleaved rows: tensors by format, bytes.
const repacked = {tensors: {}, expert_tensors: 0, bytes: 0};
const last = [];  // lines of its log, for a failure
function log(level, text) {
    for (const line of text.split("\n").filter((line) => line !== "")) {
        last.push(line);
        last.splice(0, last.length - 20);
        const tensor = line.match(/repack tensor (\S+) with (\S+)/);
        if (tensor !== null) {
            repacked.tensors[tensor[2]] = (repacked.tensors[tensor[2]] ?? 0) + 1;
            repacked.expert_tensors += tensor[1].includes("_exps.") ? 1 : 0;
        }
        const buffer = line.match(/CPU_REPACK model buffer size = +([\d.]+) MiB/);
        if (buffer !== null) repacked.bytes = Math.round(Number(buffer[1]) * 2 ** 20);
    }
}

async function load() {
    const llama = await getLlama({gpu: false, build: "never", skipDownload: true, maxThreads: 0,
        logLevel: LlamaLogLevel.debug, logger: log});
    const before = performance.now();
    const model = await llama.loadModel({modelPath: options.model, gpuLayers: 0, useMmap: options.mmap,
        defaultContextFlashAttention: options.flash_attention, ignoreMemorySafetyChecks: true});
    const context = await model.createContext({contextSize: options.context, batchSize: options.batch,
        threads: {ideal: options.threads, min: options.threads}, flashAttention: options.flash_attention,
        ignoreMemorySafetyChecks: true});
    const version = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")).version;
    repacked.tensors = Object.entries(repacked.tensors).map(([format, count]) => `${count} ${format}`).join(", ");
    console.log(JSON.stringify({name: "llama.cpp", version: `${llama.llamaCppRelease.release} (node-llama-cpp ${version})`,
        kernels: kernels(), features: llama.systemInfo.trim(), load_s: (performance.now() - before) / 1000, repacked,
        vocabulary: model.fileInfo.metadata?.tokenizer?.ggml?.tokens?.length ?? null, ...memory(),
        settings: {threads: context.currentThreads, batch: context.batchSize, ubatch: context.batchSize, kv_cache: "f16",
            context: context.contextSize, flash_attention: context.flashAttention, mmap: options.mmap, gpu_layers: model.gpuLayers}}));
    // Without checkpoints: of recurrent layers node-llama-cpp would copy the state now and then, which is not llama.cpp's time.
    return context.getSequence({checkpoints: {interval: false}});
}

const pick = {generateNext: {token: true, options: {temperature: 0}}};

async function measure(sequence, prompt, newTokens) {
    await sequence.clearHistory();
    const vocabulary = sequence.model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    const ids = Array.from({length: prompt}, () => Math.floor(Math.random() * vocabulary));
    const faults = memory().major_faults;
    const start = performance.now();
    let token = (await sequence.controlledEvaluate([...ids.slice(0, -1), [ids.at(-1), pick]])).at(-1).next.token;
    const prefilled = performance.now();
    for (let step = 1; step < newTokens; step++)  // an end-of-turn token comes as null: it goes on from the first id then
        token = (await sequence.controlledEvaluate([[token ?? ids[0], pick]]))[0].next.token;
    const prompt_s = (prefilled - start) / 1000, decode_s = (performance.now() - prefilled) / 1000;
    if (sequence.nextTokenIndex !== prompt + newTokens - 1) throw new Error(`${sequence.nextTokenIndex} positions were computed`);
    const now = memory();
    return {prompt_tokens: prompt, prompt_s, prefill_tok_s: prompt / prompt_s, decode_tokens: newTokens - 1, decode_s,
        decode_tok_s: (newTokens - 1) / decode_s, ...now, major_faults: now.major_faults - faults};
}

try {
    const sequence = await load();
    for await (const line of createInterface({input: process.stdin})) {
        const {prompt, new_tokens} = JSON.parse(line);
        console.log(JSON.stringify(await measure(sequence, prompt, new_tokens)));
    }
    process.exit(0);  // without waiting for its memory to be given back
} catch (error) {
    console.error([...last, error.stack].join("\n"));
    process.exit(1);
}
