/** The package's errors in simplified Chinese. What it has changed meanwhile is shown in English. */

import type { Texts } from "../language.js";

export const errors: Texts = {
  "the broker says: ": "代理说：",
  "WebSocket close code ": "WebSocket 关闭码 ",
  "The WebAssembly module could not be loaded.": "无法加载 WebAssembly 模块。",
  "Serve webmqtt_bg.wasm next to the script, and allow 'wasm-unsafe-eval' in script-src of the Content-Security-Policy.":
    "请把 webmqtt_bg.wasm 放在脚本旁边，并在内容安全策略的 script-src 中允许 'wasm-unsafe-eval'。",
  "The URL cannot be used for a WebSocket.": "此 URL 不能用于 WebSocket。",
  "Use one like wss://broker.example:8084/mqtt, without a fragment.":
    "请使用完整的 URL，如 wss://broker.example:8084/mqtt，不带片段。",
  "Browsers block ws: to another host from pages loaded over https:.":
    "浏览器不允许通过 https: 加载的页面用 ws: 连接另一台主机。",
  "Use wss: and the broker's TLS port, or load the page over http: while developing.":
    "请使用 wss: 和代理的 TLS 端口，或在开发时通过 http: 加载页面。",
  "An option cannot be used.": "某个选项的值无法使用。",
  "See the documentation of the option.": "取值范围见该选项的文档。",
  "MQTT 3.1.1 has no properties, and so no requests.": "MQTT 3.1.1 没有属性，因此也没有请求。",
  "Use version 5, or leave them out.": "请使用版本 5，或去掉 MQTT 5 才有的内容。",
  "A client may not send this reason code here.": "客户端不能在此发送这个原因码。",
  "Use 0, 4 or an error code; MQTT 3.1.1 has none.":
    "请使用 0、4 或合适的错误码；MQTT 3.1.1 没有原因码。",
  "The session ends with its connection and cannot be kept.": "随连接结束的会话不能在结束时保留。",
  "Give connect() a sessionExpiry above 0.": "请给 connect() 大于 0 的 sessionExpiry。",
  "MQTT 3.1.1 has no password without a username.": "MQTT 3.1.1 不允许没有用户名的密码。",
  "Give a username, or use version 5.": "请同时给出用户名，或使用版本 5。",
  "The topic is empty.": "主题为空。",
  "Use at least one character.": "主题至少有一个字符。",
  "The topic is longer than 65,535 bytes of UTF-8.": "主题超过 65,535 字节（UTF-8）。",
  "Use a shorter one.": "请使用更短的主题。",
  "The topic contains U+0000.": "主题含有 U+0000。",
  "Remove it: MQTT does not allow it.": "请删除该字符；MQTT 不允许它。",
  "The topic contains a wildcard.": "主题名含有通配符。",
  "+ and # are for subscriptions; publish to one topic.":
    "+ 和 # 用于订阅；请发布到一个确定的主题。",
  "The text contains a lone surrogate, which UTF-8 cannot express.":
    "文本含有单独的代理项，UTF-8 无法表示。",
  "Check where it was cut; toWellFormed() repairs it.":
    "请检查文本在哪里被截断；String.prototype.toWellFormed() 可以修复。",
  "# is not alone in the last level of the filter.": "# 不是过滤器的最后一级，或不是单独一级。",
  "Use it like this: home/# or #.": "请这样使用：home/# 或 #。",
  "+ is not alone in a level of the filter.": "+ 没有占满过滤器的一整级。",
  "Use it like this: home/+/temperature.": "请这样使用：home/+/temperature。",
  "The shared subscription has no name, a wildcard in it, or no filter.":
    "共享订阅没有共享名、共享名含通配符或没有过滤器。",
  "Use it like this: $share/workers/jobs/#.": "请这样使用：$share/workers/jobs/#。",
  "The payload is neither text nor bytes.": "载荷既不是文本也不是字节。",
  "Use a string, an ArrayBuffer or a typed array; JSON.stringify() for objects, and await read() of webmqtt/payload for blobs and streams.":
    "请传入字符串、ArrayBuffer 或类型化数组；对象用 JSON.stringify，Blob 和流用 webmqtt/payload 的 read()。",
  "The message is larger than the broker accepts.": "消息超过代理接受的大小。",
  "Send less at once, or raise the broker's limit; client.connection.maximumPacketSize has it.":
    "请减少单次发送量，或提高代理的最大报文长度；上限见 client.connection.maximumPacketSize。",
  "The queue of messages to be sent is full.": "等待发送的消息队列已满。",
  "Wait for earlier publishes to settle, or raise queue.messages and queue.bytes; queue.policy can drop others.":
    "请等待先前的发布完成，或提高 queue.messages 和 queue.bytes；queue.policy 可以改为丢弃其他消息。",
  "The message gave way in the full queue, or to a newer one with its topic.":
    "消息在已满的发送队列中被让出，或被同主题的新消息取代。",
  "Nothing to do: queue.policy asks for it; with reject, publish() fails instead.":
    "无需处理：queue.policy 要求如此。想事先知道每条消息，请使用策略 reject。",
  "The message expired before it could be sent.": "消息在发送之前已过期。",
  "Publish with a longer messageExpiry, or without; messages wait for a connection.":
    "请使用更长的 messageExpiry 或不使用；没有连接时消息会等待。",
  "All 65,535 packet identifiers are in use.": "65,535 个报文标识符全部在用。",
  "Wait for earlier publishes to settle.": "请等待先前的发布完成。",
  "The broker does not support this QoS.": "代理不支持此 QoS。",
  "Publish with at most client.connection.maximumQoS, or set lowerQos.":
    "发布的 QoS 不要超过 client.connection.maximumQoS，或设置 lowerQos。",
  "The broker does not support retained messages.": "代理不保存保留消息。",
  "Publish without retain.": "请不带保留标志发布。",
  "The broker does not support wildcard subscriptions.": "代理不支持通配符订阅。",
  "Subscribe without + and #.": "请订阅确定的主题。",
  "The broker does not support shared subscriptions.": "代理不支持共享订阅。",
  "Subscribe without $share.": "请不用 $share 订阅。",
  "There was nothing to connect with: what was asked failed, or did not answer in time.":
    "没有可用的连接凭据：获取凭据失败，或没有及时答复。",
  "See the cause; functions for the URL, username and password, and auth, have connectTimeout to answer.":
    "请看原因；URL、用户名、密码的函数和 auth 须在 connectTimeout 内答复。",
  "The authentication failed.": "与代理的认证失败。",
  "See the cause; if the broker could not prove who it is, check the URL and the password.":
    "请看原因。如果代理无法证明自己的身份，请检查 URL 和密码。",
  "There is nothing to authenticate again.": "现在没有可重新认证的。",
  "It needs auth, a connection, and no other authentication under way.":
    "需要选项 auth、一个连接，并且没有其他正在进行的认证。",
  "The broker does not support subscription identifiers.": "代理不支持订阅标识符。",
  "Subscribe without subscriptionIdentifier.": "请不带 subscriptionIdentifier 订阅。",
  "The broker named a server that cannot be used.": "代理指定了另一台无法使用的服务器。",
  "It has to be a host, with or without a port, or a URL, and wss: after wss:; serverReference of the state event before has it.":
    "它必须是主机（可带端口）或 ws:、wss: 的 URL，且 wss: 之后仍是 wss:。见之前状态事件的 serverReference。",
  "The WebSocket could not be opened. Browsers do not tell scripts why.":
    "无法打开 WebSocket。浏览器不告诉脚本原因。",
  "Check that the broker runs, the host, port and path of its WebSocket listener (Mosquitto 9001 /, EMQX 8083 /mqtt, RabbitMQ 15675 /ws, HiveMQ 8000 /mqtt) and its subprotocol (mqtt), that its TLS certificate is trusted, that https: pages use wss:, and connect-src of the Content-Security-Policy.":
    "请检查：代理正在运行，其 WebSocket 监听器的主机、端口和路径正确（Mosquitto 9001 /、EMQX 8083 /mqtt、RabbitMQ 15675 /ws、HiveMQ 8000 /mqtt），接受子协议 mqtt，TLS 证书受信任，https: 页面使用 wss:，内容安全策略的 connect-src 允许它。",
  "The server did not agree to the WebSocket subprotocol.": "服务器不同意 WebSocket 子协议。",
  "Check that the URL is an MQTT endpoint; the option subprotocol changes what is offered.":
    "请检查 URL 是否为 MQTT 端点；选项 subprotocol 可更改提议的子协议。",
  "The server did not answer in time.": "服务器没有及时答复。",
  "Check that the URL is an MQTT endpoint; raise connectTimeout for slow networks.":
    "请检查 URL 是否为 MQTT 端点；网络慢时请提高 connectTimeout。",
  "The broker refused the connection.": "代理拒绝了连接。",
  "The reason code says why.": "原因码说明了原因。",
  "The connection was closed.": "连接已关闭。",
  "Nothing to do if it comes back. If it closed before the broker answered: some do so for a wrong password or version; try version 4.":
    "如果自动恢复则无需处理。如果在代理答复之前关闭：有些代理在密码错误或不支持协议版本时会这样；请试试版本 4。",
  "The broker stopped answering.": "代理不再答复。",
  "Nothing to do: a new connection is made.": "无需处理：正在建立新连接。",
  "The page went into the back/forward cache.": "页面进入了往返缓存。",
  "Nothing to do: a new connection is made when it comes back.":
    "无需处理：页面恢复时会建立新连接。",
  "The broker ended the connection.": "代理结束了连接。",
  "Another client with the same client id has connected.": "另一个客户端用相同的客户端标识连接了。",
  "Give every tab and device its own clientId, then call connect() again.":
    "请给每个标签页和设备各自的客户端标识，然后重新连接。",
  "The server broke the MQTT specification.": "服务器发送了违反 MQTT 规范的内容。",
  "Check that the URL is an MQTT endpoint and the version is right; report it to the broker's makers.":
    "请检查 URL 是否为 MQTT 端点、版本是否正确；否则请报告给代理的开发者。",
  "The server sent a WebSocket text message, which MQTT does not use.":
    "服务器发送了 WebSocket 文本消息，MQTT 不使用它。",
  "Check that the URL is an MQTT endpoint.": "请检查 URL 是否为 MQTT 端点。",
  "The broker refused the subscription.": "代理拒绝了订阅。",
  "Check the access rights for this filter.": "请检查此过滤器的访问权限。",
  "The broker refused to unsubscribe.": "代理拒绝取消订阅。",
  "No response to the request came in time.": "请求没有及时得到响应。",
  "Check that somebody answers on this topic, and to the response topic; raise timeout.":
    "请检查此主题上是否有人答复、答复是否使用响应主题；或提高 timeout。",
  "The message has no response topic: its sender expects no response.":
    "消息没有响应主题：发送者不期待响应。",
  "Check message.properties.responseTopic before client.respond().":
    "请在 client.respond() 之前检查 message.properties.responseTopic。",
  "The broker refused the message.": "代理没有接受消息。",
  "Check the access rights for this topic; the reason code says more.":
    "请检查此主题的访问权限；原因码有更多说明。",
  "The broker lost the session while this QoS 2 message was under way: it was delivered once or not at all.":
    "这条 QoS 2 消息在途时代理丢失了会话：它送达了一次或根本没有送达。",
  "Ask the receiver, or send it again if a second copy does no harm. A longer session (clean: false, sessionExpiry) avoids it.":
    "请询问接收者，或在重复无害时重新发送。更长的会话（clean: false、sessionExpiry）可以避免。",
  "More messages of the resumed session came than can wait for subscriptions.":
    "恢复的会话中到达的消息超过了为尚未建立的订阅所能保留的数量。",
  "Subscribe before you connect: createClient(), client.subscribe(), client.connect().":
    "请在 connect() 之前调用 subscribe()：createClient()、client.subscribe()，然后 client.connect()。",
  "The operation took longer than its timeout.": "操作超过了时限。",
  "Try again, or raise timeout; a message may have been delivered.":
    "请重试或提高 timeout。在途的消息可能已经送达。",
  "The operation was aborted.": "操作已中止。",
  "Nothing to do: the application asked for it.": "无需处理：这是应用程序的要求。",
  "The client was ended.": "客户端已结束。",
  "Make a new client.": "请新建客户端。",
  "unspecified error": "未说明的错误",
  "malformed packet": "报文格式错误",
  "protocol error": "协议错误",
  "implementation specific error": "实现特定的错误",
  "unsupported protocol version": "不支持的协议版本",
  "client identifier not valid": "客户端标识无效",
  "bad user name or password": "用户名或密码错误",
  "not authorized": "未授权",
  "server unavailable": "服务器不可用",
  "server busy": "服务器繁忙",
  banned: "已被禁止",
  "server shutting down": "服务器正在关闭",
  "bad authentication method": "认证方法错误",
  "keep alive timeout": "保活超时",
  "session taken over": "会话被接管",
  "topic filter invalid": "主题过滤器无效",
  "topic name invalid": "主题名无效",
  "packet identifier in use": "报文标识符在用",
  "packet identifier not found": "找不到报文标识符",
  "receive maximum exceeded": "超过接收上限",
  "topic alias invalid": "主题别名无效",
  "packet too large": "报文太大",
  "message rate too high": "消息速率太高",
  "quota exceeded": "超过配额",
  "administrative action": "管理操作",
  "payload format invalid": "载荷格式无效",
  "retain not supported": "不支持保留消息",
  "QoS not supported": "不支持此 QoS",
  "use another server": "请使用另一台服务器",
  "server moved": "服务器已迁移",
  "shared subscriptions not supported": "不支持共享订阅",
  "connection rate exceeded": "连接速率过高",
  "maximum connect time": "超过最长连接时间",
  "subscription identifiers not supported": "不支持订阅标识符",
  "wildcard subscriptions not supported": "不支持通配符订阅",
  "Set version: 4 (MQTT 3.1.1).": "请设置版本 4（MQTT 3.1.1）。",
  "Use another clientId; with an empty one, clean must be true.":
    "请使用另一个客户端标识；为空时 clean 必须为 true。",
  "Check username and password, then call connect() again.": "请检查用户名和密码，然后重新连接。",
  "Check username, password and the broker's access rules.": "请检查用户名、密码和代理的访问规则。",
  "The broker does not know this authentication method.": "代理不认识这种认证方法。",
  "Send smaller messages.": "请发送更小的消息。",
  "Publish with a lower QoS, or set lowerQos.": "请用更低的 QoS 发布，或设置 lowerQos。",
  "Connect to serverReference, or set redirects.": "请连接 serverReference，或设置 redirects。",
  "Connect to serverReference from now on, or set redirects.":
    "今后请连接 serverReference，或设置 redirects。",
};
