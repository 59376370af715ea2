package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamedServersTest {
    private static final String TOKEN = "flm.data.remote.token-file=token";
    private static final String SERVER = "https://data.example/shard.tar";

    @TempDir
    private Path folder = Path.of("");

    /** The settings of a run that another hands over. */
    private Configuration.Builder run(String settings) throws IOException {
        return Configuration.builder().run(Files.writeString(folder.resolve("effective.conf"), settings), note -> {});
    }

    @Test
    void theTokenIsNotForServersThatARunsFolderNames() throws IOException {
        Configuration paths =
                run("flm.data.paths = [\"" + SERVER + "\"]").set(TOKEN, folder).build();
        assertThatThrownBy(paths::requireNamedServers)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("names " + SERVER + " (flm.data.paths), to which the token")
                .hasMessageEndingWith("name it on the command line, too");
        Configuration task = run("flm.task.val = [\"val.json\", \"HTTP://data.example/v.json\"]")
                .set(TOKEN, folder)
                .build();
        assertThatThrownBy(task::requireNamedServers).hasMessageContaining("(flm.task.val)");
    }

    @Test
    void itIsForThoseThatTheUserNamesAndBucketsAndFilesNeedNone() throws IOException {
        Configuration named = run("flm.data.paths = [\"" + SERVER + "\"]")
                .set(TOKEN, folder)
                .set("flm.data.paths=[\"" + SERVER + "\"]", folder)
                .build();
        Configuration withoutToken =
                run("flm.data.paths = [\"" + SERVER + "\"]").build();
        Configuration others = run("flm.data.paths = [\"s3://bucket/shard.tar\", \"shard.tar\"]")
                .set(TOKEN, folder)
                .build();
        assertThatNoException().isThrownBy(() -> {
            named.requireNamedServers();
            withoutToken.requireNamedServers();
            others.requireNamedServers();
        });
    }
}
