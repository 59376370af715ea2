package io.flm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigResolveOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void everyKeyIsReadBySomeClass() throws IOException {
        StringBuilder sources = new StringBuilder();
        for (Path file : Repository.mainFiles(".java")) {
            sources.append(Files.readString(file));
        }
        String code = sources.toString();
        List<String> unread = keys().stream()
                .filter(key -> !code.contains("\"" + key + "\""))
                .filter(key -> !code.contains("\"" + key.substring(key.lastIndexOf('.') + 1) + "\""))
                .filter(key -> !code.contains("\"" + lastTwo(key) + "\""))
                .toList();
        assertThat(unread).as("keys of reference.conf that nothing reads").isEmpty();
    }

    @Test
    void everyKeyIsExplainedAboveIt() throws IOException {
        List<String> bare = new ArrayList<>();
        for (Path file : Repository.mainFiles("reference.conf")) {
            String before = "#";
            for (String line : Files.readAllLines(file)) {
                boolean assignment = line.matches("\\s*[\\w.-]+ = .*");
                boolean explained = before.strip().startsWith("#") || before.matches("\\s*[\\w.-]+ = .*");
                if (assignment && !explained && line.startsWith(" ")) {
                    bare.add(Repository.root().relativize(file) + ": " + line.strip());
                }
                before = line;
            }
        }
        assertThat(bare).as("keys without a comment above them").isEmpty();
    }

    @Test
    void theModulesKeysAreFound() throws IOException {
        assertThat(keys()).contains("flm.train.lanes", "flm.train.micro-batch", "flm.http.port");
    }

    private static List<String> keys() throws IOException {
        Config all = ConfigFactory.empty();
        for (Path file : Repository.mainFiles("reference.conf")) {
            all = all.withFallback(ConfigFactory.parseFile(file.toFile())
                    .resolve(ConfigResolveOptions.defaults().setAllowUnresolved(true)));
        }
        return all.withOnlyPath("flm").entrySet().stream()
                .map(entry -> entry.getKey())
                .sorted()
                .toList();
    }

    private static String lastTwo(String key) {
        String[] parts = key.split("\\.", -1);
        return parts[parts.length - 2] + "." + parts[parts.length - 1];
    }
}
