package io.flm.coordinator.http;

import akka.http.javadsl.model.Uri;
import akka.http.scaladsl.model.IllegalUriException;
import akka.japi.Pair;
import io.flm.data.UserException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The numbers that a query gives, each once and by a name that is known. */
final class QueryNumbers {
    private final Map<String, String> given = new HashMap<>();

    /**
     * @param names that the query may have
     * @param hint names them with an example: {@code step, as in ?step=1000}
     * @throws UserException where the query has others, in one line
     */
    QueryNumbers(Uri uri, List<String> names, String hint) {
        for (Pair<String, String> each : pairs(uri, hint)) {
            if (!names.contains(each.first())) {
                throw new UserException("the query has \"" + each.first() + "\", and may have " + hint);
            }
            if (given.put(each.first(), each.second()) != null) {
                throw new UserException("the query has " + each.first() + " twice; give it once");
            }
        }
    }

    private static List<Pair<String, String>> pairs(Uri uri, String hint) {
        try {
            return uri.query().toList();
        } catch (IllegalUriException e) {
            throw new UserException("the query cannot be read; give " + hint, e);
        }
    }

    /** A step, or another one where none is given. */
    long step(String name, long otherwise) {
        return number(name, "a step, 0 or more", 0, Long.MAX_VALUE, otherwise);
    }

    /** A number of a range, likewise. */
    int count(String name, int least, int most, int otherwise) {
        return (int) number(name, "a number from " + least + " to " + most, least, most, otherwise);
    }

    private long number(String name, String range, long least, long most, long otherwise) {
        String text = given.get(name);
        if (text == null) {
            return otherwise;
        }
        try {
            long number =
                    text.matches("[0-9]+") ? Long.parseLong(text) : -1; // signs and other scripts' digits are none
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) { // as one that is out of range
        }
        throw new UserException(name + " is \"" + text + "\"; give " + range);
    }
}
