# fish completion of kata-agent, generated from its option tables.
complete -c kata-agent -f
complete -c kata-agent -l listen -x -d 'Address to serve ttrpc on'
complete -c kata-agent -l runtime-listen -x -d 'Address to serve the calls of a runtime on, too'
complete -c kata-agent -l proc-root -xa '(__fish_complete_directories)' -d 'Path of the proc file system to read'
complete -c kata-agent -l container -x -d 'Cgroup of a container, relative to the cgroup root. Other containers are found by their ID'
complete -c kata-agent -l log-level -xa 'debug info warn error' -d 'Minimum log level'
complete -c kata-agent -s h -l help -d 'Print this help'
complete -c kata-agent -l version -d 'Print the version'
