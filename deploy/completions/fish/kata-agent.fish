# fish completion of kata-agent, generated from its option tables.
complete -c kata-agent -f
complete -c kata-agent -l listen -x -d 'Where to serve ttrpc'
complete -c kata-agent -l runtime-listen -x -d 'Where to serve the calls of a runtime too'
complete -c kata-agent -l proc-root -xa '(__fish_complete_directories)' -d 'Which /proc to read'
complete -c kata-agent -l container -x -d 'The cgroup of a container, from the root of the cgroups'
complete -c kata-agent -l log-level -xa 'debug info warn error' -d 'Least that is logged'
complete -c kata-agent -s h -l help -d 'Print this help'
complete -c kata-agent -l version -d 'Print the version'
