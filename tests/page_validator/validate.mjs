// Reads {name: html} as JSON, and writes what is wrong as JSON: [{page, rule, line, column, message}].
import { HtmlValidate } from "html-validate";

const rules = {
  // Style alone, which the pages have their own of:
  "void-style": "off", // `<br>` and `<br/>` mean the same to a browser
  "attr-quotes": "off", // both kinds of quotes are valid
  "no-trailing-whitespace": "off", // templates leave some where a condition was
  "no-inline-style": "off", // the Content-Security-Policy refuses it, which other tests look for
  "long-title": "off", // a title names its page and its challenge, which may be long
  "attribute-boolean-style": "off",
  "doctype-style": "off", // upper or lower case
  "require-sri": ["error", { target: "crossorigin" }], // files of our own come from where the page does
};

const validator = new HtmlValidate({ root: true, extends: ["html-validate:standard", "html-validate:document"], rules });

async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("utf-8");
}

const found = [];
for (const [page, html] of Object.entries(JSON.parse(await all(process.stdin)))) {
  const report = await validator.validateString(html);
  for (const result of report.results) {
    for (const { ruleId, line, column, message } of result.messages) found.push({ page, rule: ruleId, line, column, message });
  }
}
process.stdout.write(JSON.stringify(found));
