// Loaded into `moonpool serve` ahead of it: answers for its memory, and ends it when the benchmark is gone.
import { answerProbe } from "../support/probe.ts";

answerProbe();
process.on("disconnect", () => void process.kill(process.pid, "SIGTERM"));
