// Uploads files with tus-js-client, unmodified: node tus_upload.mjs MODULES ENDPOINT CHUNK FILE SHA256 [FILE SHA256 …]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [, , modules, endpoint, chunk, ...rest] = process.argv;
const tus = createRequire(modules + "/")("tus-js-client");

function upload(path, sha256) {
  return new Promise((resolve, reject) => {
    const options = {
      endpoint,
      chunkSize: Number(chunk),
      retryDelays: Array(40).fill(5),
      metadata: { sha256, type: "image/jpeg", filename: "photo.jpg" },
      storeFingerprintForResuming: false,
      onError: reject,
      onSuccess: resolve,
    };
    new tus.Upload(readFileSync(path), options).start();
  });
}

for (let i = 0; i < rest.length; i += 2) await upload(rest[i], rest[i + 1]);
console.log("done");
