// What the examples of the guide take for granted, and do not declare themselves.

declare const client: import("webmqtt").Client;
declare const url: string;
declare function render(value: unknown): void;
declare function show(text: string): void;
declare function handle(message: import("webmqtt").Message): void;
/** A token of the application's own login. */
declare function fetchToken(options?: { fresh?: boolean }): Promise<string>;
/** What Amazon Cognito's GetCredentialsForIdentity gives. */
declare function fetchFromCognito(): Promise<{
  Credentials: { AccessKeyId: string; SecretKey: string; SessionToken: string; Expiration: Date };
}>;
declare const cognito: () => Promise<import("webmqtt/sigv4").AwsCredentials>;
declare function askForPassword(text: string): Promise<string>;
declare function save(message: import("webmqtt").Message): Promise<void>;

/** Of Paho's JavaScript client, what the guide shows beside ours. */
declare namespace Paho {
  class Message {
    constructor(payload: string | ArrayBuffer);
    destinationName: string;
    readonly payloadString: string;
    qos: number;
    retained: boolean;
  }
  class Client {
    constructor(host: string, port: number, path: string, clientId: string);
    onConnectionLost: (response: { errorCode: number; errorMessage: string }) => void;
    onMessageArrived: (message: Message) => void;
    connect(options: {
      useSSL?: boolean;
      userName?: string;
      password?: string;
      cleanSession?: boolean;
      keepAliveInterval?: number;
      reconnect?: boolean;
      willMessage?: Message;
      onSuccess?: () => void;
      onFailure?: (error: { errorCode: number; errorMessage: string }) => void;
    }): void;
    subscribe(filter: string, options?: { qos?: number }): void;
    send(message: Message): void;
    disconnect(): void;
  }
}
