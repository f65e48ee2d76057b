// The smallest echo bot that grammY makes, with its runner: `node grammy.mjs URL TOKEN`.
import { run } from "@grammyjs/runner";
import { Bot } from "grammy";

const [url, token] = process.argv.slice(2);
const bot = new Bot(token, { client: { apiRoot: url } });
bot.on("message:text", (ctx) => ctx.reply(ctx.msg.text, { reply_parameters: { message_id: ctx.msg.message_id } }));
run(bot);
