package io.flm.launch.command;

import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The options that make a mixture.
 *
 * @param sources {@code NAME=PATH}; a name again: another path of the same source
 * @param mix {@code NAME=WEIGHT}, each name once
 */
record SourceOptions(List<String> sources, List<String> mix) {
    /** Lays them over the other layers. */
    void over(Configuration.Builder layers, Path folder) {
        Map<String, List<String>> paths = new LinkedHashMap<>();
        for (String word : sources) {
            String[] both = both("--source", word, "coco=coco/");
            paths.computeIfAbsent(both[0], name -> new ArrayList<>()).add(both[1]);
        }
        Map<String, String> weights = new LinkedHashMap<>();
        for (String word : mix) {
            String[] both = both("--mix", word, "coco=0.7");
            if (weights.put(both[0], both[1]) != null) {
                throw new UserException("--mix names " + both[0] + " twice; give it one weight");
            }
        }
        paths.forEach((name, of) -> layers.option(SourceSettings.key(name, "paths"), of, "--source", folder));
        weights.forEach((name, weight) -> {
            if (!layers.names(SourceSettings.key(name, "paths"))) {
                throw new UserException("--mix " + name + "=" + weight
                        + ": there is no source of this name; give its data" + " with --source " + name + "=PATH");
            }
            layers.option(SourceSettings.key(name, "weight"), weight, "--mix " + name, folder);
        });
    }

    private static String[] both(String option, String word, String such) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        if (equals < 0 || equals == word.length() - 1) {
            throw new UserException(option + " " + word + ": give a name and what it has, such as " + such);
        }
        if (!SourceSettings.NAME.matcher(name).matches()) {
            throw new UserException(option + " " + word + ": the name of a source has " + SourceSettings.NAME_RULE
                    + "; give it another name");
        }
        return new String[] {name, word.substring(equals + 1)};
    }
}
