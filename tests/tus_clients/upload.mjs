// One upload with tus-js-client, as a page or a script would do it. Takes its orders as JSON, tells what happens as JSON lines.
import { createReadStream } from 'node:fs'
import * as tus from 'tus-js-client'

const orders = JSON.parse(process.argv[2])
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const upload = new tus.Upload(createReadStream(orders.file), {
  endpoint: orders.endpoint,
  uploadUrl: orders.url ?? null,
  headers: { Authorization: `Bearer ${orders.token}` },
  metadata: orders.metadata,
  chunkSize: orders.chunk_bytes ?? Number.POSITIVE_INFINITY,
  overridePatchMethod: orders.override ?? false,
  retryDelays: Array(400).fill(250),
  onUploadUrlAvailable: () => tell({ url: upload.url }),
  onChunkComplete: (_size, accepted) => tell({ accepted }),
  onSuccess: () => tell({ done: upload.url }),
  onError: (error) => {
    tell({ failed: String(error) })
    process.exitCode = 1
  },
})
upload.start()
