import { connect } from "webmqtt";
import { talk } from "../talk.js";

talk(connect);
