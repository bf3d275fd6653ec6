import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** HiveMQ CE in the foreground, configured by conf/config.xml in the folder that is named: anonymous, or alice (secret). */
public final class Launch {
    private static final SimpleAuthenticator LOGIN = (input, output) -> {
        final var connect = input.getConnectPacket();
        final var name = connect.getUserName();
        final var password = connect.getPassword().map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString());
        if (name.isEmpty() && password.isEmpty()
                || name.equals(java.util.Optional.of("alice")) && password.equals(java.util.Optional.of("secret"))) {
            output.authenticateSuccessfully();
        } else {
            output.failAuthentication(ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD);
        }
    };

    private static final class Accounts implements ExtensionMain {
        @Override
        public void extensionStart(final ExtensionStartInput input, final ExtensionStartOutput output) {
            Services.securityRegistry().setAuthenticatorProvider(asked -> LOGIN);
        }

        @Override
        public void extensionStop(final ExtensionStopInput input, final ExtensionStopOutput output) {
        }
    }

    public static void main(final String[] arguments) throws Exception {
        final Path folder = Path.of(arguments[0]).toAbsolutePath();
        final Path extensions = Files.createDirectories(folder.resolve("extensions"));
        final Path data = Files.createDirectories(folder.resolve("data"));
        final EmbeddedExtension accounts = EmbeddedExtension.builder()
                .withId("accounts")
                .withName("Accounts")
                .withVersion("1")
                .withAuthor("webmqtt")
                .withExtensionMain(new Accounts())
                .build();
        final EmbeddedHiveMQ broker = EmbeddedHiveMQ.builder()
                .withConfigurationFolder(folder.resolve("conf"))
                .withDataFolder(data)
                .withExtensionsFolder(extensions)
                .withEmbeddedExtension(accounts)
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                broker.close();
            } catch (final Exception error) {
                error.printStackTrace();
            }
        }));
        broker.start().join();
        new CountDownLatch(1).await();
    }
}
